// The operations of training in WebAssembly SIMD, on the memory of TensorFlow.js's own WebAssembly backend (kernels/README.md).
// All matrices are float32 and row-major unless strides are given; rows are tokens. No static data: the memory is another's.
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))

typedef v128_t V;
INLINE V load(const float *p) { return wasm_v128_load(p); }
INLINE void store(float *p, V v) { wasm_v128_store(p, v); }
INLINE V splat(float x) { return wasm_f32x4_splat(x); }
INLINE V add(V a, V b) { return wasm_f32x4_add(a, b); }
INLINE V sub(V a, V b) { return wasm_f32x4_sub(a, b); }
INLINE V mul(V a, V b) { return wasm_f32x4_mul(a, b); }
INLINE V larger(V a, V b) { return wasm_f32x4_pmax(a, b); }
INLINE float total(V v) {
  return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
         (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}
INLINE float largest(V v) {
  V w = larger(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  w = larger(w, wasm_i32x4_shuffle(w, w, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(w, 0);
}

// Up to three numbers at the end of a row: the rest of the vector is 0 and not written.
INLINE V load_some(const float *p, int n) {
  if (n >= 4) return load(p);
  V v = splat(0);
  if (n > 0) v = wasm_f32x4_replace_lane(v, 0, p[0]);
  if (n > 1) v = wasm_f32x4_replace_lane(v, 1, p[1]);
  if (n > 2) v = wasm_f32x4_replace_lane(v, 2, p[2]);
  return v;
}
INLINE void store_some(float *p, V v, int n) {
  if (n >= 4) {
    store(p, v);
    return;
  }
  if (n > 0) p[0] = wasm_f32x4_extract_lane(v, 0);
  if (n > 1) p[1] = wasm_f32x4_extract_lane(v, 1);
  if (n > 2) p[2] = wasm_f32x4_extract_lane(v, 2);
}

// e^x as in Cephes' expf (Moshier): 2^n times a polynomial of what remains; relative error 2e-7.
INLINE V exponential(V x) {
  x = wasm_f32x4_pmin(larger(x, splat(-87.0f)), splat(88.0f));
  V n = wasm_f32x4_nearest(mul(x, splat(1.44269504088896341f)));
  x = sub(sub(x, mul(n, splat(0.693359375f))), mul(n, splat(-2.12194440e-4f)));
  V y = splat(1.9875691500e-4f);
  y = add(mul(y, x), splat(1.3981999507e-3f));
  y = add(mul(y, x), splat(8.3334519073e-3f));
  y = add(mul(y, x), splat(4.1665795894e-2f));
  y = add(mul(y, x), splat(1.6666665459e-1f));
  y = add(mul(y, x), splat(5.0000001201e-1f));
  y = add(add(mul(y, mul(x, x)), x), splat(1));
  V power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return mul(y, power);
}

// ---- products ----

#define DEPTH 256 // rows of b that are packed at a time
#define WIDE 8    // columns of a panel

// c (rows <= 4, 8) += a (rows, k) times a packed panel (k, 8).
INLINE void tile(int rows, int k, const float *a, int row_step, int step, const float *panel, V sums[4][2]) {
  for (int p = 0; p < k; p++) {
    V left = load(panel + p * WIDE), right = load(panel + p * WIDE + 4);
    for (int i = 0; i < rows; i++) {
      V factor = wasm_v128_load32_splat(a + i * row_step + p * step);
      sums[i][0] = add(sums[i][0], mul(factor, left));
      sums[i][1] = add(sums[i][1], mul(factor, right));
    }
  }
}

INLINE void tile_rows(int rows, int k, const float *a, int row_step, int step, const float *panel, float *c,
                      int c_step, int columns, int adds) {
  V sums[4][2];
  for (int i = 0; i < rows; i++) {
    sums[i][0] = adds ? load_some(c + i * c_step, columns) : splat(0);
    sums[i][1] = adds ? load_some(c + i * c_step + 4, columns - 4) : splat(0);
  }
  tile(rows, k, a, row_step, step, panel, sums);
  for (int i = 0; i < rows; i++) {
    store_some(c + i * c_step, sums[i][0], columns);
    store_some(c + i * c_step + 4, sums[i][1], columns - 4);
  }
}

// c (m, n) = or += a (m, k) times b (k, n). Element (i, j) of a is at a[i * a_row + j * a_column], of b alike, so either may be given
// transposed. `panel` has room for 256 * 8.
EXPORT(product)
void product(int m, int n, int k, const float *a, int a_row, int a_column, const float *b, int b_row, int b_column,
             float *c, int c_row, int adds, float *panel) {
  for (int first = 0; first < k; first += DEPTH) {
    int depth = k - first < DEPTH ? k - first : DEPTH;
    const float *left = a + first * a_column;
    int more = adds || first > 0;
    for (int j = 0; j < n; j += WIDE) {
      int columns = n - j < WIDE ? n - j : WIDE;
      const float *from = b + first * b_row + j * b_column;
      if (columns == WIDE && b_column == 1) {
        for (int p = 0; p < depth; p++) {
          store(panel + p * WIDE, load(from + p * b_row));
          store(panel + p * WIDE + 4, load(from + p * b_row + 4));
        }
      } else {
        for (int p = 0; p < depth; p++)
          for (int q = 0; q < WIDE; q++) panel[p * WIDE + q] = q < columns ? from[p * b_row + q * b_column] : 0;
      }
      int i = 0;
      float *to = c + j;
      if (columns == WIDE) {
        for (; i + 4 <= m; i += 4)
          tile_rows(4, depth, left + i * a_row, a_row, a_column, panel, to + i * c_row, c_row, WIDE, more);
      } else {
        for (; i + 4 <= m; i += 4)
          tile_rows(4, depth, left + i * a_row, a_row, a_column, panel, to + i * c_row, c_row, columns, more);
      }
      for (; i < m; i++)
        tile_rows(1, depth, left + i * a_row, a_row, a_column, panel, to + i * c_row, c_row, columns, more);
    }
  }
}

// ---- rounding ----

#define LEAST_STEP 1e-12f
INLINE V to_steps(V x, V step) { return mul(wasm_f32x4_nearest(wasm_f32x4_div(x, step)), step); }

// Each row of y = x (rows, n) rounded to 127ths of its largest magnitude; y may be x.
EXPORT(round_rows)
void round_rows(int rows, int n, const float *x, float *y) {
  for (int r = 0; r < rows; r++, x += n, y += n) {
    V most = splat(0);
    for (int i = 0; i < n; i += 4) most = larger(most, wasm_f32x4_abs(load_some(x + i, n - i)));
    float step = largest(most) * (1.0f / 127);
    V steps = splat(step > LEAST_STEP ? step : LEAST_STEP);
    for (int i = 0; i < n; i += 4) store_some(y + i, to_steps(load_some(x + i, n - i), steps), n - i);
  }
}

// Each column of x (rows, n) rounded in place to steps of `part` of its largest magnitude. `most` has room for n.
EXPORT(round_columns)
void round_columns(int rows, int n, float *x, float part, float *most) {
  for (int i = 0; i < n; i++) most[i] = 0;
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < n; i += 4)
      store_some(most + i, larger(load_some(most + i, n - i), wasm_f32x4_abs(load_some(x + r * n + i, n - i))), n - i);
  for (int i = 0; i < n; i++) {
    float step = most[i] * part;
    most[i] = step > LEAST_STEP ? step : LEAST_STEP;
  }
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < n; i += 4) {
      float *at = x + r * n + i;
      V step = n - i >= 4 ? load(most + i) : larger(load_some(most + i, n - i), splat(LEAST_STEP));
      store_some(at, to_steps(load_some(at, n - i), step), n - i);
    }
}

// ---- norms ----

INLINE float mean_of(const float *x, int n) {
  V sum = splat(0);
  for (int i = 0; i < n; i += 4) sum = add(sum, load_some(x + i, n - i));
  return total(sum) / n;
}

// y = unit times gain, where unit is x (rows, n) over its root mean square, of x less its mean when `centred`.
// `unit` (rows, n) and `inverse` (rows) are kept for the gradient.
EXPORT(norm)
void norm(int rows, int n, const float *x, const float *gain, float eps, int centred, float *unit, float *inverse,
          float *y) {
  for (int r = 0; r < rows; r++, x += n, y += n, unit += n) {
    float mean = centred ? mean_of(x, n) : 0;
    V squares = splat(0);
    for (int i = 0; i < n; i += 4) {
      V d = load_some(x + i, n - i);
      if (centred) {
        store_some(unit + i, sub(d, splat(mean)), n - i);
        d = load_some(unit + i, n - i);
      }
      squares = add(squares, mul(d, d));
    }
    float factor = 1 / __builtin_sqrtf(total(squares) / n + eps);
    inverse[r] = factor;
    const float *from = centred ? unit : x;
    for (int i = 0; i < n; i += 4) {
      V u = mul(load_some(from + i, n - i), splat(factor));
      store_some(unit + i, u, n - i);
      store_some(y + i, mul(u, load_some(gain + i, n - i)), n - i);
    }
  }
}

// dx = base + the gradient with respect to x; dgain (n) is overwritten. `room` has room for n. dx may be base.
EXPORT(norm_gradient)
void norm_gradient(int rows, int n, const float *unit, const float *inverse, const float *gain, int centred,
                   const float *dy, const float *base, float *dx, float *dgain, float *room) {
  for (int i = 0; i < n; i++) dgain[i] = 0;
  for (int r = 0; r < rows; r++, unit += n, dy += n, base += n, dx += n) {
    V along = splat(0), sum = splat(0);
    for (int i = 0; i < n; i += 4) {
      V u = load_some(unit + i, n - i), d = load_some(dy + i, n - i);
      store_some(dgain + i, add(load_some(dgain + i, n - i), mul(u, d)), n - i);
      V slope = mul(d, load_some(gain + i, n - i));
      store_some(room + i, slope, n - i);
      along = add(along, mul(slope, u));
      sum = add(sum, slope);
    }
    V a = splat(total(along) / n), mean = splat(centred ? total(sum) / n : 0), factor = splat(inverse[r]);
    for (int i = 0; i < n; i += 4) {
      V across = sub(sub(load_some(room + i, n - i), mean), mul(load_some(unit + i, n - i), a));
      store_some(dx + i, add(load_some(base + i, n - i), mul(across, factor)), n - i);
    }
  }
}

// ---- activation functions ----

INLINE V sigmoid(V z, int tabled) {
  if (tabled) z = mul(wasm_f32x4_nearest(mul(z, splat(64))), splat(1.0f / 64));
  return wasm_f32x4_div(splat(1), add(splat(1), exponential(wasm_f32x4_neg(z))));
}

// y = silu(z), times u where u is given.
EXPORT(activate)
void activate(int n, const float *z, const float *u, int tabled, float *y) {
  for (int i = 0; i < n; i += 4) {
    V v = load_some(z + i, n - i);
    v = mul(v, sigmoid(v, tabled));
    store_some(y + i, u ? mul(v, load_some(u + i, n - i)) : v, n - i);
  }
}

// z and u become the gradients with respect to them.
EXPORT(activate_gradient)
void activate_gradient(int n, float *z, float *u, int tabled, const float *dy) {
  for (int i = 0; i < n; i += 4) {
    V v = load_some(z + i, n - i), d = load_some(dy + i, n - i);
    V s = sigmoid(v, tabled);
    V value = mul(v, s);
    V slope = add(s, mul(value, sub(splat(1), s)));
    if (u) {
      V w = load_some(u + i, n - i);
      store_some(u + i, mul(d, value), n - i);
      d = mul(d, w);
    }
    store_some(z + i, mul(d, slope), n - i);
  }
}

// ---- tokens ----

// The columns of e (dim, vocabulary) that the tokens name, as rows of y.
EXPORT(embed)
void embed(int rows, int dim, int vocabulary, const int32_t *tokens, const float *e, float *y) {
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < dim; i++) y[r * dim + i] = e[i * vocabulary + tokens[r]];
}

// Adds the rows of dy to the columns of de.
EXPORT(embed_gradient)
void embed_gradient(int rows, int dim, int vocabulary, const int32_t *tokens, const float *dy, float *de) {
  for (int i = 0; i < dim * vocabulary; i++) de[i] = 0;
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < dim; i++) de[i * vocabulary + tokens[r]] += dy[r * dim + i];
}

// Softmax of each row of x (rows, n), in place.
EXPORT(softmax)
void softmax(int rows, int n, float *x) {
  for (int r = 0; r < rows; r++, x += n) {
    V most = splat(-3e38f), sum = splat(0);
    int whole = n & ~3;
    for (int i = 0; i < whole; i += 4) most = larger(most, load(x + i));
    float high = largest(most);
    for (int i = whole; i < n; i++) high = x[i] > high ? x[i] : high;
    for (int i = 0; i < whole; i += 4) {
      V e = exponential(sub(load(x + i), splat(high)));
      store(x + i, e);
      sum = add(sum, e);
    }
    float rest = 0;
    for (int i = whole; i < n; i++) {
      x[i] = wasm_f32x4_extract_lane(exponential(splat(x[i] - high)), 0);
      rest += x[i];
    }
    V factor = splat(1 / (total(sum) + rest));
    for (int i = 0; i < n; i += 4) store_some(x + i, mul(load_some(x + i, n - i), factor), n - i);
  }
}

// Probabilities p (rows, n) become the slope of each row's loss by its logits times `factors[row]`: less 1 at the row's target.
EXPORT(entropy_gradient)
void entropy_gradient(int rows, int n, float *p, const int32_t *targets, const float *factors) {
  for (int r = 0; r < rows; r++, p += n) {
    V factor = splat(factors[r]);
    for (int i = 0; i < n; i += 4) store_some(p + i, mul(load_some(p + i, n - i), factor), n - i);
    p[targets[r]] -= factors[r];
  }
}

// ---- attention ----

// The pairs (2i, 2i + 1) of each head turned by the position's angle, in place; `cosine` and `sine` are (positions, size / 2).
EXPORT(rotate)
void rotate(int sequences, int positions, int heads, int size, float *x, const float *cosine, const float *sine,
            float direction) {
  int half = size / 2;
  for (int s = 0; s < sequences; s++)
    for (int p = 0; p < positions; p++)
      for (int h = 0; h < heads; h++, x += size)
        for (int i = 0; i < half; i++) {
          float c = cosine[p * half + i], d = direction * sine[p * half + i];
          float even = x[2 * i], odd = x[2 * i + 1];
          x[2 * i] = even * c - odd * d;
          x[2 * i + 1] = odd * c + even * d;
        }
}

// One head of one sequence, (positions, size) in rows `step` apart, as blocks of four positions: (width / 4, size, 4). So four positions
// of every component lie at constant distances from one address.
INLINE void to_blocks(int positions, int size, int width, const float *x, int step, float *blocks) {
  for (int p = 0; p < width; p++)
    for (int d = 0; d < size; d++)
      blocks[(p >> 2) * 4 * size + 4 * d + (p & 3)] = p < positions ? x[p * step + d] : 0;
}
INLINE void from_blocks(int positions, int size, const float *blocks, float *x, int step) {
  for (int p = 0; p < positions; p++)
    for (int d = 0; d < size; d++) x[p * step + d] = blocks[(p >> 2) * 4 * size + 4 * d + (p & 3)];
}

// What of four positions from j on the one at i may see.
INLINE V seen(int j, int i) { return wasm_i32x4_le(wasm_i32x4_make(j, j + 1, j + 2, j + 3), wasm_i32x4_splat(i)); }

INLINE void head_forward(const int D, int P, int W, const float *q, int q_step, const float *keys, const float *values,
                         float scale, float *e, float *inverse, float *out) {
  for (int i = 0; i < P; i++, e += W, q += q_step, out += q_step) {
    V query[D], most = splat(-3e38f);
    for (int d = 0; d < D; d++) query[d] = splat(q[d] * scale);
    for (int j = 0; j <= i; j += 4) {
      const float *block = keys + j * D;
      V even = mul(query[0], load(block)), odd = mul(query[1], load(block + 4));
      for (int d = 2; d < D; d += 2) {
        even = add(even, mul(query[d], load(block + 4 * d)));
        odd = add(odd, mul(query[d + 1], load(block + 4 * d + 4)));
      }
      V s = add(even, odd);
      if (j + 3 > i) s = wasm_v128_bitselect(s, splat(-3e38f), seen(j, i));
      store(e + j, s);
      most = larger(most, s);
    }
    V high = splat(largest(most)), sum = splat(0), mix[D];
    for (int j = 0; j <= i; j += 4) {
      V w = exponential(sub(load(e + j), high));
      if (j + 3 > i) w = wasm_v128_and(w, seen(j, i));
      store(e + j, w);
      sum = add(sum, w);
    }
    for (int d = 0; d < D; d++) mix[d] = splat(0);
    for (int j = 0; j <= i; j += 4) {
      const float *block = values + j * D;
      V w = load(e + j);
      for (int d = 0; d < D; d++) mix[d] = add(mix[d], mul(w, load(block + 4 * d)));
    }
    float factor = 1 / total(sum);
    inverse[i] = factor;
    for (int d = 0; d < D; d++) out[d] = total(mix[d]) * factor;
  }
}

// Several short loops, because each has no more than 16 vectors at hand. `slopes` has room for W.
INLINE void head_backward(const int D, int P, int W, const float *q, int q_step, const float *keys, const float *values,
                          float scale, const float *e, const float *inverse, const float *out, const float *dout,
                          float *dq, float *dkeys, float *dvalues, float *slopes) {
  for (int i = 0; i < P; i++, e += W, q += q_step, out += q_step, dout += q_step, dq += q_step) {
    V vector[D];
    float along = 0;
    for (int d = 0; d < D; d++) {
      vector[d] = splat(dout[d]);
      along += dout[d] * out[d];
    }
    V factor = splat(inverse[i]), less = splat(along);
    for (int j = 0; j <= i; j += 4) {
      const float *block = values + j * D;
      V even = mul(vector[0], load(block)), odd = mul(vector[1], load(block + 4));
      for (int d = 2; d < D; d += 2) {
        even = add(even, mul(vector[d], load(block + 4 * d)));
        odd = add(odd, mul(vector[d + 1], load(block + 4 * d + 4)));
      }
      store(slopes + j, mul(mul(load(e + j), factor), sub(add(even, odd), less)));
    }
    for (int j = 0; j <= i; j += 4) {
      float *block = dvalues + j * D;
      V p = mul(load(e + j), factor);
      for (int d = 0; d < D; d++) store(block + 4 * d, add(load(block + 4 * d), mul(p, vector[d])));
    }
    for (int d = 0; d < D; d++) vector[d] = splat(q[d] * scale);
    for (int j = 0; j <= i; j += 4) {
      float *block = dkeys + j * D;
      V slope = load(slopes + j);
      for (int d = 0; d < D; d++) store(block + 4 * d, add(load(block + 4 * d), mul(slope, vector[d])));
    }
    for (int d = 0; d < D; d++) vector[d] = splat(0);
    for (int j = 0; j <= i; j += 4) {
      const float *block = keys + j * D;
      V slope = load(slopes + j);
      for (int d = 0; d < D; d++) vector[d] = add(vector[d], mul(slope, load(block + 4 * d)));
    }
    for (int d = 0; d < D; d++) dq[d] = total(vector[d]) * scale;
  }
}

// Causal attention of q (N, heads * size) over k, v (N, kv_heads * size): out (N, heads * size).
// Kept for the gradient: e (sequences, heads, positions, width), the weights before they are divided by their sums, whose inverses go to
// `inverse` (sequences, heads, positions). width = positions rounded up to 4; `room` has room for 2 * size * width.
#define FORWARD(D) head_forward(D, P, W, q + at, q_step, kt, vt, scale, e + row * W, inverse + row, out + at)
EXPORT(attend)
void attend(int sequences, int P, int heads, int kv_heads, int size, const float *q, const float *k, const float *v,
            float scale, float *e, float *inverse, float *out, float *room) {
  int W = (P + 3) & ~3, q_step = heads * size, kv_step = kv_heads * size, group = heads / kv_heads;
  float *kt = room, *vt = room + size * W;
  for (int s = 0; s < sequences; s++)
    for (int h = 0; h < heads; h++) {
      if (h % group == 0) {
        int from = s * P * kv_step + h / group * size;
        to_blocks(P, size, W, k + from, kv_step, kt);
        to_blocks(P, size, W, v + from, kv_step, vt);
      }
      int at = s * P * q_step + h * size, row = (s * heads + h) * P;
      if (size == 8) FORWARD(8);
      else if (size == 4) FORWARD(4);
      else FORWARD(2);
    }
}

// The gradients dq, dk, dv, overwritten. `room` has room for (4 * size + 1) * width.
#define BACKWARD(D)                                                                                              \
  head_backward(D, P, W, q + at, q_step, kt, vt, scale, e + row * W, inverse + row, out + at, dout + at, dq + at, dkt, dvt, slopes)
EXPORT(attend_gradient)
void attend_gradient(int sequences, int P, int heads, int kv_heads, int size, const float *q, const float *k,
                     const float *v, float scale, const float *e, const float *inverse, const float *out,
                     const float *dout, float *dq, float *dk, float *dv, float *room) {
  int W = (P + 3) & ~3, q_step = heads * size, kv_step = kv_heads * size, group = heads / kv_heads;
  float *kt = room, *vt = kt + size * W, *dkt = vt + size * W, *dvt = dkt + size * W, *slopes = dvt + size * W;
  for (int s = 0; s < sequences; s++)
    for (int h = 0; h < heads; h++) {
      int from = s * P * kv_step + h / group * size;
      if (h % group == 0) {
        to_blocks(P, size, W, k + from, kv_step, kt);
        to_blocks(P, size, W, v + from, kv_step, vt);
        for (int i = 0; i < 2 * size * W; i++) dkt[i] = 0;
      }
      int at = s * P * q_step + h * size, row = (s * heads + h) * P;
      if (size == 8) BACKWARD(8);
      else if (size == 4) BACKWARD(4);
      else BACKWARD(2);
      if (h % group < group - 1) continue;
      from_blocks(P, size, dkt, dk + from, kv_step);
      from_blocks(P, size, dvt, dv + from, kv_step);
    }
}
