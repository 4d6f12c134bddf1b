#!/bin/sh
# Builds @tensorflow/tfjs-node against the TensorFlow C library inside PyPI's tensorflow-cpu wheel, where tfjs-node's own download
# of libtensorflow is not possible. Needs npm, pip, a C++ compiler, make, and Node's headers (NODE_HEADERS/include/node, default /usr).
#
#     sh models/train/native.sh FOLDER           about 1 GB, 2 minutes
#     STARMIND_TFJS_NODE=FOLDER starmind train --backend tensorflow ...
set -eu
folder=${1:?which folder to build in}
headers=${NODE_HEADERS:-/usr}
# libtensorflow_cc with the C API, headers included, is in wheels from 2.11 on; 2.15 is tested.
version=${TENSORFLOW_VERSION:-2.15.1}

mkdir -p "$folder"
cd "$folder"
folder=$PWD
[ -f package.json ] || printf '{ "private": true }\n' > package.json
npm install --ignore-scripts --no-audit --no-fund @tensorflow/tfjs-node@4.22.0
pip download --no-deps --only-binary=:all: --dest wheel "tensorflow-cpu==$version"

module=$PWD/node_modules/@tensorflow/tfjs-node
mkdir -p "$module/deps/lib" "$module/deps/include"
python3 -m zipfile -e wheel/tensorflow_cpu-"$version"-*.whl wheel/unpacked
cp wheel/unpacked/tensorflow/libtensorflow_framework.so.2 wheel/unpacked/tensorflow/libtensorflow_cc.so.2 "$module/deps/lib/"
cp -r wheel/unpacked/tensorflow/include/. "$module/deps/include/"
rm -r wheel/unpacked
cd "$module/deps/lib"
# The addon asks for libtensorflow and libtensorflow_framework; the former's symbols are in libtensorflow_cc.
ln -sf libtensorflow_cc.so.2 libtensorflow.so
ln -sf libtensorflow_cc.so.2 libtensorflow.so.2
ln -sf libtensorflow_framework.so.2 libtensorflow_framework.so

cd "$module"
gyp=$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js
node "$gyp" rebuild --nodedir="$headers" --module="$module/lib/napi-v8/tfjs_binding.node" \
  --module_name=tfjs_binding --module_path="$module/lib/napi-v8" --napi_build_version=8
node -e 'require(".")' && echo "built: STARMIND_TFJS_NODE=$folder"
