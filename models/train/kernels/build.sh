#!/bin/sh
# kernels.c to WebAssembly, as text in binary.ts. Needs `pip install ziglang` (a C compiler with everything for this target), or CC.
set -e
cd "$(dirname "$0")"
wasm=$(mktemp)
${CC:-python3 -m ziglang cc} --target=wasm32-freestanding -msimd128 -O3 -Wall -Wextra -std=c11 -nostdlib \
  -Wl,--no-entry -Wl,--import-memory -Wl,--export=__stack_pointer -Wl,--strip-all -o "$wasm" kernels.c
source=$(sha256sum kernels.c | cut -d ' ' -f 1)
cat > binary.ts <<END
/** kernels.c as WebAssembly, made by build.sh. */

/** SHA-256 of the kernels.c it was made from. */
export const sourceHash = '$source';

export const binary =
  '$(base64 -w 0 "$wasm")';
END
rm "$wasm"
