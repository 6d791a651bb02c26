# SPDX-License-Identifier: MIT
# make lint: what a machine can check, once per file and machine. A stamp in
# build/lint says that a file passed; it passes again when it or one of its
# headers changes.

LINT_MACHINES := $(foreach m,$(MACHINES),$(if $(wildcard arch/$m/*.c),$m))
L := build/lint/$(ARCH)

CLANG_TARGET_x86_64  := --target=x86_64-linux-gnu
CLANG_TARGET_aarch64 := --target=aarch64-linux-gnu
# What only gcc knows.
CLANG_CFLAGS = $(CLANG_TARGET_$(ARCH)) -Wthread-safety \
	-Wno-ignored-optimization-argument -Wno-unused-command-line-argument \
	-Wno-unknown-warning-option -Wno-missing-field-initializers
# Of another machine, the compiler's own headers instead of this system's.
SPARSE_FLAGS = -Wsparse-error -Wno-decl -Wno-shadow -Wno-cast-truncate \
	-D__VERSION__='"sparse"' -I . \
	$(if $(CROSS_$(ARCH)),-isystem $(shell $(CC) -print-file-name=include))
SPARSE_MACHINE_x86_64  := --arch=x86_64
SPARSE_MACHINE_aarch64 := --arch=arm64
# Tests take locks wrongly on purpose, and a failed EXPECT returns anywhere.
UNSAFE = $(if $(filter tests/%,$<),-Wno-thread-safety-analysis)

# cppcheck's model of the C library defines these; our enums do as well.
CPPCHECK_UNDEFINE := $(addprefix -U,SIGABRT SIGFPE SIGILL SIGINT SIGKILL SIGSEGV \
	SIGTERM SEEK_SET SEEK_CUR SEEK_END)

LINT_SRCS := $(filter %.c,$(SRCS))
LINT_OKS  := $(LINT_SRCS:%=$L/%.ok)

# One step of lint: silent when clean, all its words when not.
$L/%.c.ok: %.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fsyntax-only -MMD -MP -MF $@.d -MT $@ $<
	@clang $(filter-out -fno-tree-loop-distribute-patterns,$(CFLAGS)) \
		$(CLANG_CFLAGS) $(UNSAFE) -fsyntax-only $<
	@sparse $(SPARSE_MACHINE_$(ARCH)) $(CFLAGS) $(SPARSE_FLAGS) $<
	@touch $@

-include $(LINT_OKS:=.d)

.PHONY: lint-all lint-machines lint-machine lint-host lint-format lint-layers \
	lint-docs lint-support lint-cppcheck
lint-all: lint-machines lint-host lint-format lint-layers lint-docs lint-support \
	lint-cppcheck

lint-machines: $(LINT_MACHINES:%=lint-machine-%)
lint-machine-%:
	@$(MAKE) --no-print-directory ARCH=$* lint-machine
lint-machine: $(LINT_OKS)
	@:

lint-format:
	@$(PYTHON) tools/format.py
lint-layers:
	@$(PYTHON) tools/layers.py
lint-docs:
	@$(PYTHON) tools/docs.py
lint-support:
	@$(PYTHON) tools/support.py

# The kernel as a whole, machine by machine: what compilers do not look for.
lint-cppcheck: $(LINT_MACHINES:%=lint-cppcheck-%)
lint-cppcheck-%:
	@mkdir -p build/lint/cppcheck-$*
	@cppcheck -q --enable=warning,portability --inline-suppr \
		--suppressions-list=tools/cppcheck.txt --error-exitcode=1 \
		--cppcheck-build-dir=build/lint/cppcheck-$* --std=c11 \
		-I . -I arch/$* -DQUIRE_DEBUG=1 $(CPPCHECK_UNDEFINE) \
		--template='{file}:{line}: cppcheck: {message} ({id})' \
		$(wildcard boot/*.c) boot/$* kernel lib mm arch/$*

# The host machine: flags and sources are those of tests/unit/host.mk.
HOST_OKS := $(HOST_SRCS:%=build/lint/host/%.ok)
lint-host: $(HOST_OKS)
	@:

build/lint/host/%.c.ok: %.c
	@mkdir -p $(@D)
	@$(HOSTCC) $(HOST_CFLAGS) -fsyntax-only -MMD -MP -MF $@.d -MT $@ $<
	@clang $(HOST_CFLAGS) $(filter-out --target=%,$(CLANG_CFLAGS)) $(UNSAFE) \
		-fsyntax-only $<
	@touch $@

-include $(HOST_OKS:=.d)
