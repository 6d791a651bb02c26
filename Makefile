# SPDX-License-Identifier: MIT
# Quire. `make run` boots it, `make test` proves it, `make help` lists the rest.

# `make test` without ARCH means every machine, all else the first.
MACHINES := $(if $(ARCH),$(ARCH),x86_64 aarch64)
ARCH   ?= x86_64
DEBUG  ?= 0
KASAN  ?= 0
MEM    ?= 512M
SMP    ?= 1
BOOT   ?=
CPU    ?=
MODEL  ?=
APPEND ?=
LAB    ?=
PROGRAMS ?=

.DEFAULT_GOAL := kernel
ifeq ($(wildcard arch/$(ARCH)/layout.h),)
$(error ARCH=$(ARCH): no such machine here; there are: $(patsubst arch/%/layout.h,%,$(wildcard arch/*/layout.h)))
endif
MAKEFLAGS += --no-builtin-rules

flavour := $(ARCH)$(if $(filter 1,$(DEBUG)),-debug)$(if $(filter 1,$(KASAN)),-kasan)
B := build/$(flavour)$(if $(LAB),-lab-$(LAB))

# ---- compiler ---------------------------------------------------------------

CROSS_x86_64  := $(if $(filter x86_64,$(shell uname -m)),,x86_64-linux-gnu-)
CROSS_aarch64 := $(if $(filter aarch64,$(shell uname -m)),,aarch64-linux-gnu-)
CC      := $(CROSS_$(ARCH))gcc
LD      := $(CROSS_$(ARCH))ld
NM      := $(CROSS_$(ARCH))nm
OBJCOPY := $(CROSS_$(ARCH))objcopy
HOSTCC  ?= gcc
PYTHON  ?= /usr/bin/python3

WARN := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wshadow -Wvla -Wundef -Wpointer-arith \
	-Wno-unused-parameter -Wno-address-of-packed-member
OPT_0 := -O2
OPT_1 := -Og -fno-inline -g3
MACHINE_x86_64  := -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -m64 \
	-fcf-protection=none
MACHINE_aarch64 := -mgeneral-regs-only -mno-outline-atomics -mcmodel=small \
	-ffixed-x18 \
	-mbranch-protection=none
KASAN_FLAGS_1 = -fsanitize=kernel-address -fasan-shadow-offset=$(KASAN_OFFSET) \
	--param asan-instrumentation-with-call-threshold=0 \
	--param asan-stack=0 --param asan-globals=0 \
	-fsanitize=undefined -fno-sanitize=alignment -Wno-array-bounds
KASAN_OFFSET = $(shell awk '$$2=="KASAN_OFFSET"{print $$3}' arch/$(ARCH)/layout.h)

CFLAGS := -std=gnu11 -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-omit-frame-pointer -fno-common -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	-ffunction-sections -g $(OPT_$(DEBUG)) $(WARN) $(MACHINE_$(ARCH)) \
	-DQUIRE_DEBUG=$(DEBUG) -DQUIRE_KASAN=$(KASAN) -iquote . -isystem arch/$(ARCH)
ASFLAGS := -D__ASSEMBLER__ -fno-pic -fno-pie -g $(MACHINE_$(ARCH)) -iquote . -isystem arch/$(ARCH)

# ---- sources: every .c and .S below these folders ----------------------------

SRC_DIRS := arch/$(ARCH) boot boot/$(ARCH) mm/frames mm/tables mm/backing \
	mm/spaces mm/pressure kernel kernel/base kernel/task kernel/fs kernel/dev \
	lib tests/kernel
SRCS := $(wildcard $(addsuffix /*.c,$(SRC_DIRS)) $(addsuffix /*.S,$(SRC_DIRS)))

# LAB=08-cow links tests/labs/08-cow.c instead of the file that one of its
# first lines names ("replaces: mm/spaces/cow.c").
ifneq ($(LAB),)
LAB_SRC := tests/labs/$(LAB).c
ifeq ($(wildcard $(LAB_SRC)),)
$(error LAB=$(LAB): there is no $(LAB_SRC))
endif
LAB_OLD := $(shell sed -n '1,5s/.*replaces: *\([a-z0-9_/.]*\).*/\1/p' $(LAB_SRC))
ifeq ($(filter $(LAB_OLD),$(SRCS)),)
$(error LAB=$(LAB): $(LAB_SRC) must say "replaces: FILE" in its first lines)
endif
SRCS := $(filter-out $(LAB_OLD),$(SRCS)) $(LAB_SRC)
endif

OBJS := $(patsubst %,$(B)/%.o,$(SRCS))

# Runtimes of the sanitizers must not be instrumented themselves.
NO_SANITIZE := $(wildcard kernel/base/kasan*.c kernel/base/ubsan*.c boot/*/*.c \
	arch/$(ARCH)/early*.c)

# What a boot loader takes: the ELF file, or the bare image with its own head.
IMAGE_aarch64 := $(B)/Image

.PHONY: kernel
kernel: $(B)/quire.elf $(IMAGE_$(ARCH))
	@:

$(B)/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(CFLAGS) $(if $(filter $<,$(NO_SANITIZE)),,$(KASAN_FLAGS_$(KASAN))) \
		-MD -MP -c $< -o $@

$(B)/%.S.o: %.S
	@mkdir -p $(@D)
	@echo "  AS      $<"
	@$(CC) $(ASFLAGS) -MD -MP -c $< -o $@

# The vDSO is a program of its own: a shared object of one page in user space,
# which the kernel carries as it is.
VDSO_FLAGS := -std=gnu11 -O2 -fPIC -ffreestanding -fno-stack-protector -fno-common \
	-fno-jump-tables -fasynchronous-unwind-tables -mgeneral-regs-only $(WARN) \
	-iquote . -isystem arch/$(ARCH) $(VDSO_$(ARCH))
VDSO_x86_64  := -m64 -fcf-protection=none
VDSO_aarch64 := -mbranch-protection=none
VDSO_DIR  := kernel/task/vdso
VDSO_SRCS := $(wildcard $(VDSO_DIR)/*.c arch/$(ARCH)/vdso/*.S)
VDSO_OBJS := $(patsubst %,$(B)/vdso/%.o,$(VDSO_SRCS))
VDSO_LINK := -T $(VDSO_DIR)/vdso.ld --version-script=arch/$(ARCH)/vdso/exports.ld

$(VDSO_OBJS): $(B)/vdso/%.o: %
	@mkdir -p $(@D)
	@echo "  VDSO    $<"
	@$(CC) $(VDSO_FLAGS) -MD -MP -c $< -o $@

$(B)/vdso.so: $(VDSO_OBJS) $(VDSO_DIR)/vdso.ld arch/$(ARCH)/vdso/exports.ld
	@$(LD) -shared -nostdlib -s -Bsymbolic -soname linux-vdso.so.1 --hash-style=both \
		--eh-frame-hdr --build-id=none --orphan-handling=error -z noexecstack \
		-z max-page-size=4096 $(VDSO_LINK) $(VDSO_OBJS) -o $@

$(B)/kernel/task/vdso_image.S.o: ASFLAGS += -Wa,-I$(B)
$(B)/kernel/task/vdso_image.S.o: $(B)/vdso.so

$(B)/linker.ld: linker.ld arch/$(ARCH)/layout.h
	@mkdir -p $(@D)
	@$(CC) -E -P -x assembler-with-cpp -D__ASSEMBLER__ -DLINKER_SCRIPT \
		-DARCH_$(ARCH) -isystem arch/$(ARCH) $< -o $@

LINK = $(LD) -nostdlib -static -z max-page-size=4096 -z noexecstack \
	--gc-sections --build-id=none --no-warn-rwx-segments -T $(B)/linker.ld

# Two links: the symbol table of the first becomes part of the second. It
# stands behind everything else, so that no address changes.
$(B)/quire.elf: $(OBJS) $(B)/linker.ld tools/ksyms.py
	@echo "  LD      $@"
	@$(LINK) $(OBJS) -o $(B)/quire.tmp.elf
	@$(NM) -n $(B)/quire.tmp.elf | $(PYTHON) tools/ksyms.py > $(B)/ksyms.S
	@$(CC) $(ASFLAGS) -c $(B)/ksyms.S -o $(B)/ksyms.o
	@$(LINK) $(OBJS) $(B)/ksyms.o -o $@

$(B)/Image: $(B)/quire.elf
	@echo "  IMAGE   $@"
	@$(OBJCOPY) -O binary $< $@

-include $(OBJS:.o=.d) $(VDSO_OBJS:.o=.d)

# host.mk gives host-tests (build), host-list (print the programs' paths), and
# HOST_CFLAGS, HOST_SRCS for lint; COVERAGE=1 builds them with gcov.
include tests/user/user.mk
-include tests/unit/host.mk
include tools/lint.mk

# ---- what people type -----------------------------------------------------
#
# Each first looks for its tools (and installs them where it can), then builds
# by a make of its own, so that nothing starts before its tools are there.

JOBS  ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
SUB    = @$(MAKE) -s --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
SETUP  = @ARCH=$(ARCH) tools/setup
export APPEND
LAUNCH = $(PYTHON) tools/qemu.py --arch $(ARCH) "--boot=$(BOOT)" --mem $(MEM) \
	--smp $(SMP) "--cpu=$(CPU)" "--model=$(MODEL)" "--append=$$APPEND" \
	--kernel $(B)/quire.elf --initrd $(if $(PROGRAMS),$(PROGRAMS_CPIO),$(INITRAMFS))

.PHONY: help run debug test test-quick stress bench diff lint format coverage \
	support setup clean initramfs programs compdb

run: ## boot in QEMU: tour and shell (MEM= SMP= CPU= APPEND= BOOT=bios|uefi|uefi-dt|direct PROGRAMS=1)
	$(SETUP) build user run
	$(SUB) kernel $(if $(PROGRAMS),programs,initramfs)
	@$(LAUNCH) run

debug: ## QEMU stopped at the first instruction, and GDB on it
	$(SETUP) build user run debug
	$(SUB) DEBUG=1 kernel initramfs
	@$(MAKE) --no-print-directory DEBUG=1 debug-session

debug-session:
	@$(LAUNCH) debug

test: ## every suite and lint (SUITE=kernel/ picks some; no ARCH: all machines)
	@ARCH="$(MACHINES)" tools/setup build user run debug test lint
	@$(PYTHON) tools/test.py --arch "$(MACHINES)" --lint $(SUITE)

test-quick: ## the host suites and one kernel in QEMU
	$(SETUP) build user run test
	@$(PYTHON) tools/test.py --arch $(ARCH) --quick $(SUITE)

stress: ## the stress programs and the fuzzer of calls, for hours (SEED= rolls other dice)
	@ARCH="$(MACHINES)" tools/setup build user run test
	@STRESS=big SEED=$(SEED) $(PYTHON) tools/test.py --arch "$(MACHINES)" \
		$(or $(SUITE),stress/ fuzz/)

bench: ## cost in guest instructions beside Linux (LINUX=1 measures Linux anew)
	$(SETUP) build user run
	$(SUB) kernel $(MMBENCH)
	@$(PYTHON) tools/bench.py --arch $(ARCH) --kernel $(B)/quire.elf \
		--mmbench $(MMBENCH) $(if $(LINUX),--linux)

diff: ## the same memory calls on Linux and here (SEEDS=1-10001 STEPS= STORE=1 LOG=1)
	$(SETUP) build user run
	$(SUB) kernel initramfs
	@$(PYTHON) tools/diff.py --arch $(ARCH) --kernel $(B)/quire.elf \
		--initrd $(INITRAMFS) --smp $(SMP) $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(STEPS),--steps $(STEPS)) $(if $(STORE),--store) \
		$(if $(LOG),--log)

coverage: ## lines of mm/ that the host suites reach
	$(SETUP) build test coverage
	@$(PYTHON) tools/coverage.py

lint: ## compilers, sparse, cppcheck, format, layers, docstrings
	@ARCH="$(MACHINES)" tools/setup build test lint
	$(SUB) -k lint-all && echo "lint: clean"

format: ## let clang-format repair what lint complains about
	$(SETUP) lint
	@$(PYTHON) tools/format.py --fix

support: ## what is supported, from the tests into kernel/README.md and SYSCALLS.tsv
	@$(PYTHON) tools/support.py --fix

compdb: ## compile_commands.json for editors
	@$(PYTHON) tools/compdb.py "$(CC) $(CFLAGS)" $(filter %.c,$(SRCS))

setup: ## install every tool that any target needs (no ARCH: all machines)
	@ARCH="$(MACHINES)" tools/setup

initramfs: $(INITRAMFS)
	@:

programs: $(PROGRAMS_CPIO)
	@:

clean: ## remove build/
	rm -rf build

help: ## this list
	@echo "Quire: make TARGET [ARCH=x86_64|aarch64] [DEBUG=1] [KASAN=1]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
