/* Interpolators: a times table, shift and mask, blending, clamping (datasheet 2.3.1.6). */
#include <stdio.h>
#include "hardware/interp.h"
#include "pico/stdlib.h"

int main(void) {
  stdio_init_all();
  interp_config config = interp_default_config();
  interp_set_config(interp0, 0, &config);
  interp0->accum[0] = 0;
  interp0->base[0] = 9;
  printf("nines");
  for (int i = 0; i < 5; i++) {
    printf(" %lu", (unsigned long)interp0->pop[0]);
  }
  printf("\n");

  config = interp_default_config();
  interp_config_set_shift(&config, 4);
  interp_config_set_mask(&config, 0, 3);
  interp_set_config(interp0, 0, &config);
  interp0->accum[0] = 0x1234;
  interp0->base[0] = 0;
  printf("nibble %lx\n", (unsigned long)interp0->peek[0]);

  config = interp_default_config();
  interp_config_set_blend(&config, true);
  interp_set_config(interp0, 0, &config);
  config = interp_default_config();
  interp_set_config(interp0, 1, &config);
  interp0->base[0] = 500;
  interp0->base[1] = 1000;
  interp0->accum[1] = 64;
  printf("blend %ld\n", (long)interp0->peek[1]);

  config = interp_default_config();
  interp_config_set_clamp(&config, true);
  interp_config_set_signed(&config, true);
  interp_set_config(interp1, 0, &config);
  interp1->base[0] = 0;
  interp1->base[1] = 255;
  interp1->accum[0] = (uint32_t)-5;
  printf("clamp %ld", (long)interp1->peek[0]);
  interp1->accum[0] = 300;
  printf(" %ld", (long)interp1->peek[0]);
  interp1->accum[0] = 77;
  printf(" %ld\n", (long)interp1->peek[0]);
  printf("done\n");
}
