/* The one thing of the SDK's timer that the receiver asks for. */
#include <stdint.h>

uint32_t time_us_32(void);
