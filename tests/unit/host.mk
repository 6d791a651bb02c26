# SPDX-License-Identifier: MIT
# The host programs: mm/, lib/ and kernel/base over arch/host, as Linux programs
# under sanitizers. Included by the root Makefile.
#
#   host-tests    build them all           host-run    and run them
#   host-list     print their names
#
# SAN=address (default), thread or none; COVERAGE=1 counts lines instead.
# Every tests/unit/NAME.c with a main() is a program: run.c (the suites of
# tests/kernel), models, fuzzers.

SAN      ?= address
COVERAGE ?= 0

SAN_FLAGS_address := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-sanitize=alignment
SAN_FLAGS_thread  := -fsanitize=thread -Wno-error=tsan
SAN_FLAGS_none    :=
HOST_SAN := $(if $(filter 1,$(COVERAGE)),none,$(SAN))
HOST_B   := build/host$(if $(filter 1,$(COVERAGE)),-coverage,$(if \
	$(filter-out address,$(SAN)),-$(SAN)))

# The explorer's kernel has yield points and no sanitizer.
EXPLORE_B := build/host-explore
# Another one is ThreadSanitizer's, whatever SAN the rest has.
TSAN_B    := build/host-tsan

HOST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-common $(WARN) -DQUIRE_HOST=1 -DQUIRE_DEBUG=1 \
	-iquote . -isystem arch/host $(SAN_FLAGS_$(HOST_SAN)) \
	$(if $(filter 1,$(COVERAGE)),--coverage)

# A name of ours that libc has too would be called by libc's own callers.
HOST_CFLAGS += -Dsched_yield=quire_sched_yield

# Left out: what libc and the real sanitizers bring themselves.
HOST_LEFT_OUT := lib/string.c kernel/base/kasan.c kernel/base/ubsan.c
# Of layer 8 what knows no processes: names, contents, pipes, archives.
HOST_FS_SRCS  := $(patsubst %,kernel/fs/%.c,dir file filelock filemap initramfs inode io \
	names path pipe root tmpfs) kernel/dev/chardev.c kernel/dev/random.c
HOST_LIB_SRCS := $(filter-out $(HOST_LEFT_OUT),$(wildcard lib/*.c \
	arch/host/*.c boot/*.c kernel/base/*.c mm/*/*.c) \
	kernel/task/elf.c $(HOST_FS_SRCS))
# Suites about layer 8 need its tasks and files, those about the guest's own
# runtimes need the guest.
HOST_SUITE_OUT := tests/kernel/kasan_test.c tests/kernel/ubsan_test.c \
	$(filter-out $(patsubst %,tests/kernel/%_test.c,elf vfs pipe cpio),$(shell grep -lE \
		'"(kernel/(task|fs|dev)/|tests/kernel/fsbox)' tests/kernel/*.c))
HOST_SUITES   := $(filter-out $(HOST_SUITE_OUT),$(wildcard tests/kernel/*.c))
HOST_SHARED   := $(wildcard tests/unit/shared_*.c)
# Two programs of several files, with builds of the kernel for themselves.
EXPLORE_SRCS  := $(wildcard tests/unit/explore*.c)
TSAN_SRCS     := $(wildcard tests/unit/tsan*.c)
HOST_PROGS    := $(filter-out $(HOST_SHARED) $(EXPLORE_SRCS) $(TSAN_SRCS), \
	$(wildcard tests/unit/*.c))
HOST_SRCS     := $(HOST_LIB_SRCS) $(HOST_SUITES) $(HOST_SHARED) $(HOST_PROGS) \
	$(EXPLORE_SRCS) $(TSAN_SRCS)

host_objs  = $(patsubst %,$(HOST_B)/obj/%.o,$(1))
HOST_PROG_BINS := $(HOST_PROGS:tests/unit/%.c=$(HOST_B)/%)
# The same suites on other MMUs: run.c looks at its name.
HOST_VARIANTS  := $(addprefix $(HOST_B)/run-,software-bits few-tags no-tags)
HOST_BINS := $(HOST_PROG_BINS) $(HOST_VARIANTS) \
	$(if $(filter 1,$(COVERAGE)),,$(EXPLORE_B)/explore $(TSAN_B)/tsan_mm)

.PHONY: host-tests host-list host-run
host-tests: $(HOST_BINS)
host-list:
	@printf '%s\n' $(HOST_BINS)
host-run: $(HOST_BINS)
	@for program in $(HOST_BINS); do \
		echo "# $$program"; CMOCKA_MESSAGE_OUTPUT=TAP $$program || exit 1; \
	done

$(HOST_B)/obj/%.c.o: %.c tests/unit/host.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(HOSTCC) $(HOST_CFLAGS) -MD -MP -c $< -o $@

# The suites are linked into run only: their tests register themselves.
$(HOST_B)/run: $(call host_objs,$(HOST_SUITES))
$(HOST_PROG_BINS): $(HOST_B)/%: $(HOST_B)/obj/tests/unit/%.c.o \
		$(call host_objs,$(HOST_LIB_SRCS) $(HOST_SHARED))
	@echo "  HOSTLD  $@"
	@$(HOSTCC) $(HOST_CFLAGS) $^ -o $@ -lcmocka $(HOST_LIBS)

# Device trees: libfdt builds them, and knows better.
$(HOST_B)/fdt_test $(HOST_B)/fdt_fuzz: HOST_LIBS := -lfdt

$(HOST_VARIANTS): $(HOST_B)/run
	@ln -f $< $@

# The explorer stands between the kernel and these functions.
EXPLORE_WRAPS := sched_block thread_wake host_irq_poll lock_debug_acquire \
	trap_page_fault pt_clear pt_set_prot pt_set_table_write pt_replace \
	mmu_flush_range mmu_flush_space
EXPLORE_CFLAGS := $(filter-out -O1 $(SAN_FLAGS_$(HOST_SAN)) --coverage, \
	$(HOST_CFLAGS)) -O2 -DQUIRE_EXPLORE=1

$(EXPLORE_B)/obj/%.c.o: %.c tests/unit/host.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC  $< (explore)"
	@$(HOSTCC) $(EXPLORE_CFLAGS) -MD -MP -c $< -o $@

EXPLORE_OBJS := $(patsubst %,$(EXPLORE_B)/obj/%.o,$(HOST_LIB_SRCS) \
	$(HOST_SHARED) $(EXPLORE_SRCS))
$(EXPLORE_B)/explore: $(EXPLORE_OBJS)
	@echo "  HOSTLD  $@"
	@$(HOSTCC) $(EXPLORE_CFLAGS) $^ -o $@ \
		$(EXPLORE_WRAPS:%=-Wl,--wrap=%) $(HOST_LIBS)

TSAN_WRAPS  := sched_block thread_wake mmu_flush_range mmu_flush_space pt_replace \
	trap_page_fault
TSAN_CFLAGS := $(filter-out $(SAN_FLAGS_$(HOST_SAN)) --coverage, \
	$(HOST_CFLAGS)) $(SAN_FLAGS_thread) -Wno-tsan --param tsan-distinguish-volatile=1

$(TSAN_B)/obj/%.c.o: %.c tests/unit/host.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC  $< (tsan)"
	@$(HOSTCC) $(TSAN_CFLAGS) -MD -MP -c $< -o $@

TSAN_OBJS := $(patsubst %,$(TSAN_B)/obj/%.o,$(HOST_LIB_SRCS) $(HOST_SHARED) \
	$(TSAN_SRCS))
$(TSAN_B)/tsan_mm: $(TSAN_OBJS)
	@echo "  HOSTLD  $@"
	@$(HOSTCC) $(TSAN_CFLAGS) $^ -o $@ $(TSAN_WRAPS:%=-Wl,--wrap=%)

-include $(patsubst %,$(HOST_B)/obj/%.d,$(HOST_SRCS))
-include $(EXPLORE_OBJS:.o=.d)
-include $(TSAN_OBJS:.o=.d)
