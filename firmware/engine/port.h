/*
 * Everything of the engine that a platform may replace, in one place.
 *
 * Compile with -DSM_PORT_HEADER='"my_port.h"' to override any of these; what the header leaves undefined keeps the
 * default below. Nothing else in engine/ or kernels/ knows where it runs.
 */
#ifndef SM_PORT_H
#define SM_PORT_H

#include <stddef.h>
#include <stdint.h>

/* The phases of a token, in the order of the link protocol's `phases` array (firmware/LINK.md). */
enum sm_phase {
  SM_PHASE_EMBED = 0,
  SM_PHASE_NORM = 1,
  SM_PHASE_QKV = 2,
  SM_PHASE_ROPE = 3,
  SM_PHASE_ATTENTION = 4,
  SM_PHASE_OUTPUT = 5,
  SM_PHASE_FFN = 6,
  SM_PHASE_LOGITS = 7,
  SM_PHASE_SAMPLE = 8,
  SM_PHASE_COUNT = 9
};

/* Vectors a test may look at while a token is computed; see SM_TAP. */
enum sm_tap {
  SM_TAP_EMBED = 0,     /* x: (dim), layer 0 */
  SM_TAP_NORM1 = 1,     /* a: (dim) */
  SM_TAP_QKV = 2,       /* y: ((heads + 2 kvHeads) * headSize), not yet clamped */
  SM_TAP_ATTENTION = 3, /* t: (heads * headSize), before quantize */
  SM_TAP_OUTPUT = 4,    /* x: (dim), after the attention's residual addition */
  SM_TAP_NORM2 = 5,     /* a: (dim) */
  SM_TAP_FFN = 6,       /* t: (hidden), before quantize */
  SM_TAP_LAYER = 7,     /* x: (dim), after the layer */
  SM_TAP_FINAL = 8,     /* a: (dim), after the final norm */
  SM_TAP_LOGITS = 9     /* logits: (V) */
};

#ifdef SM_PORT_HEADER
#include SM_PORT_HEADER
#endif

/*
 * SM_PHASE(phase): phase `phase` begins now. The first call of a token is SM_PHASE_EMBED on entry to
 * sm_engine_forward; a phase ends where the next begins, the last one where the engine returns. One phase may begin
 * several times in a token.
 */
#ifndef SM_PHASE
#define SM_PHASE(phase) ((void)0)
#endif

/* SM_TAP(tap, layer, values, count): `values` is an i32 vector that is complete at this moment. For tests only. */
#ifndef SM_TAP
#define SM_TAP(tap, layer, values, count) ((void)0)
#endif

/*
 * Two cores. SM_CORES(): how many may compute now, 1 or 2; results do not depend on it. With 2, SM_PARALLEL(fn, job) has
 * the other core call fn(job), a void (*)(void *), while the caller goes on, and SM_JOIN() waits until it has returned;
 * no second SM_PARALLEL comes in between. Between SM_LOCK() and SM_UNLOCK() there is one core only, for a few instructions. The
 * defaults compute everything where the caller is.
 */
#ifndef SM_CORES
#define SM_CORES() 1u
#endif
#ifndef SM_PARALLEL
#define SM_PARALLEL(fn, job) (fn)(job)
#define SM_JOIN() ((void)0)
#endif
#ifndef SM_LOCK
#define SM_LOCK() ((void)0)
#define SM_UNLOCK() ((void)0)
#endif

/*
 * Streamed matrices: tiles that are fetched before they are needed, always in the same order. SM_STREAM_BEGIN(parts) says
 * which matrices a token will use, and from then to SM_STREAM_END() nothing else is read from flash. For each matrix
 * SM_STREAM_MATRIX(cores) gives the number of its first tile; SM_STREAM_TILE(number, in_place) waits for a tile and gives its
 * address (in_place is where the image has it); SM_STREAM_DONE(core, next): this core needs no tile before number next any
 * more; SM_STREAM_PASSED(tiles) ends the matrix. The defaults read everything in place.
 */
#define SM_STREAM_LAYERS 1u
#define SM_STREAM_LOGITS 2u
#ifndef SM_STREAM_BEGIN
#define SM_STREAM_BEGIN(parts) ((void)0)
#define SM_STREAM_END() ((void)0)
#define SM_STREAM_MATRIX(cores) 0u
#define SM_STREAM_TILE(number, in_place) ((void)(number), (in_place))
#define SM_STREAM_DONE(core, next) ((void)0)
#define SM_STREAM_PASSED(tiles) ((void)0)
#endif

/* SM_HOT: code on a token's path. The Pico SDK's linker script copies .time_critical* to SRAM. */
#ifndef SM_HOT
#if defined(__arm__)
#define SM_HOT __attribute__((section(".time_critical.sm"), noinline))
#else
#define SM_HOT
#endif
#endif

/* SM_HOT_ALONE: the same, where the other core never runs it: it may have a memory of its own. */
#ifndef SM_HOT_ALONE
#define SM_HOT_ALONE SM_HOT
#endif

/* SM_KERNELS_M0: 1 uses the hand-written Cortex-M0+ kernels within their bounds, 0 the portable ones everywhere. */
#ifndef SM_KERNELS_M0
#define SM_KERNELS_M0 0
#endif

/* SM_DIVIDE(n, d): floor of the quotient of two u32, d > 0. With the kernels for the RP2040 the divider of its SIO, 8 cycles
 * after the divisor is there; whoever interrupts keeps its state, as the SDK's division does. */
#ifndef SM_DIVIDE
#if SM_KERNELS_M0
static inline __attribute__((always_inline)) uint32_t sm_divide(uint32_t n, uint32_t d) {
  volatile uint32_t *divider = (volatile uint32_t *)0xd0000060u;
  divider[0] = n;
  divider[1] = d;
  __asm volatile("b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1:");
  return divider[4];
}
#define SM_DIVIDE(n, d) sm_divide(n, d)
#else
#define SM_DIVIDE(n, d) ((n) / (d))
#endif
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the model image is used in place and is little-endian"
#endif

#endif
