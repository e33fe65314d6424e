#!/bin/sh
# SPDX-License-Identifier: MIT
# genmc.sh FOLDER: builds the model checker GenMC as FOLDER/genmc/genmc, unless it is there; for Debian 12. GENMC_SOURCE is
# the git repository that it comes from.
set -eu
# shellcheck source=scripts/setup.sh
. "$(dirname -- "$0")/../../scripts/setup.sh"

# The newest version that is built without Rust, with the LLVM of Debian 12.
version=v0.10.3
source=${GENMC_SOURCE:-https://github.com/MPI-SWS/genmc.git}
folder=$1

need_build_tools
need_program git git
need_program g++ g++
need_program clang clang
need_program llvm llvm-config
# shellcheck disable=SC2016 # for the inner shell
need llvm-dev sh -c 'test -e "$(llvm-config --includedir)/llvm/IR/Module.h"'
# shellcheck disable=SC2016
need libclang-dev sh -c 'test -e "$(llvm-config --includedir)/clang/Frontend/CompilerInstance.h"'
need_header libffi-dev ffi.h
need_header zlib1g-dev zlib.h
need_header libedit-dev histedit.h
install_missing
[ ! -x "$folder/genmc/genmc" ] || exit 0
rm -rf "$folder/genmc" "$folder/new"
say "Building GenMC $version from $source ..."
git clone --quiet --depth 1 --branch "$version" "$source" "$folder/new"
cd "$folder/new"
{
	autoreconf -i
	./configure CXXFLAGS=-O2
	make -j"$(nproc)"
} >build.log 2>&1 || {
	tail -n 40 build.log
	die 'GenMC cannot be built'
}
cd ..
mv new genmc
