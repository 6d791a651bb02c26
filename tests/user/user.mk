# SPDX-License-Identifier: MIT
# User programs and the initramfs. Everything here is an ordinary static Linux
# program: what it does on Quire it also does on Linux.
#
#	tests/user/init.c           -> /init
#	tests/user/test_*.c         -> /tests/test_*
#	tests/user/stress_*.c       -> /tests/stress_*
#	tests/user/fuzz_*.c         -> /tests/fuzz_*
#	tests/user/*.c              -> /bin/*
#	…_glibc.c, …_pie.c          the machine's gcc, -static or -static-pie;
#	                            all others with musl, -static
#	tests/bench/mmbench.c       -> /bin/mmbench
#	tests/diff/*.c              -> /bin/memdiff
#
# A second initramfs (`make programs`, `make run PROGRAMS=1`) has the programs of
# Debian's packages in it that tests/user/programs/packages.txt names, dynamically
# linked and as they are; of ours /init, the tour and
#
#	tests/user/programs/test_*.c  -> /tests/test_*   static, musl
#	tests/user/programs/clock.c   -> /bin/clock_{glibc,musl}     dynamic
#	tests/user/programs/threads.c -> /bin/threads_{glibc,musl}   dynamic, and
#	tests/user/programs/plugin.c  -> /lib/plugin_{glibc,musl}.so what they load
#
# Of this machine itself, musl and busybox are installed as usual. Of another
# one tools/setup unpacks Debian's packages in SYSROOT, and its gcc is told to
# look there first.

USER_B := build/user/$(ARCH)
INITRAMFS := $(USER_B)/initramfs.cpio
MMBENCH := $(USER_B)/mmbench
MEMDIFF := $(USER_B)/memdiff

ifeq ($(CROSS_$(ARCH)),)
MUSL_CC := musl-gcc
BUSYBOX := $(firstword $(wildcard /bin/busybox /usr/bin/busybox \
	/bin/busybox.static /usr/bin/busybox.static))
else
SYSROOT := build/sysroot/$(ARCH)
MUSL    := usr/lib/$(ARCH)-linux-musl
NO_OUTLINE_aarch64 := -mno-outline-atomics
# Headers: musl's, then the compiler's own. Outline atomics would ask glibc
# at start which atomics the CPU has.
MUSL_CC  = $(CC) -nostdinc -isystem $(SYSROOT)/usr/include/$(ARCH)-linux-musl \
	-isystem $(shell $(CC) -print-file-name=include) \
	-B$(SYSROOT)/$(MUSL)/ -L$(SYSROOT)/$(MUSL) $(NO_OUTLINE_$(ARCH))
BUSYBOX := $(SYSROOT)/bin/busybox
endif

USER_SRCS  := $(wildcard tests/user/*.c)
USER_NAMES := $(patsubst tests/user/%.c,%,$(USER_SRCS))
USER_PROGS := $(addprefix $(USER_B)/,$(USER_NAMES))
USER_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -pthread

# The compiler and the way of linking that a program's name asks for.
user_cc   = $(if $(filter %_glibc %_pie,$1),$(CC),$(MUSL_CC))
user_link = $(if $(filter %_pie,$1),-static-pie -fPIE,-static)

$(USER_PROGS): $(USER_B)/%: tests/user/%.c
	@mkdir -p $(@D)
	@echo "  USER    $<"
	@$(call user_cc,$*) $(USER_FLAGS) $(call user_link,$*) -MMD -MP -MF $@.d \
		-o $@ $<

# Kept exactly as it was when Linux was measured with it: -O2 and no more.
$(MMBENCH): tests/bench/mmbench.c
	@mkdir -p $(@D)
	@echo "  USER    $<"
	@$(MUSL_CC) -O2 -static -o $@ $<

$(MEMDIFF): $(wildcard tests/diff/*.c tests/diff/*.h)
	@mkdir -p $(@D)
	@echo "  USER    $@"
	@$(MUSL_CC) $(USER_FLAGS) -static -o $@ $(filter %.c,$^)

# NAME=FILE words: where each program lands in the initramfs.
user_place = $(if $(filter init,$1),init,$(if $(filter test_% stress_% fuzz_%,$1),tests/$1,bin/$1))
USER_FILES := $(foreach p,$(USER_NAMES),$(call user_place,$p)=$(USER_B)/$p)

$(INITRAMFS): $(USER_PROGS) $(MMBENCH) $(MEMDIFF) tools/mkinitramfs.py \
		tests/user/user.mk $(wildcard tests/user/files/*)
	@echo "  CPIO    $@"
	@$(PYTHON) tools/mkinitramfs.py --strip $(CROSS_$(ARCH))strip -o $@ \
		--busybox $(BUSYBOX) $(USER_FILES) bin/mmbench=$(MMBENCH) \
		bin/memdiff=$(MEMDIFF) \
		$(foreach f,$(wildcard tests/user/files/*),etc/$(notdir $f)=$f)

# ---- Debian's programs ------------------------------------------------------

PROGRAMS_SRC := tests/user/programs
PROGRAMS_B := $(USER_B)/programs
PROGRAMS_CPIO := $(PROGRAMS_B)/initramfs.cpio
PROGRAMS_TREE := build/sysroot/programs-$(ARCH)
PROGRAMS_TESTS := $(patsubst $(PROGRAMS_SRC)/%.c,$(PROGRAMS_B)/%,$(wildcard $(PROGRAMS_SRC)/test_*.c))
PROGRAMS_DYNAMIC := $(addprefix $(PROGRAMS_B)/,clock_glibc clock_musl threads_glibc threads_musl \
	plugin_glibc.so plugin_musl.so)
# What no program looks at: texts for people, other alphabets, perl's second name.
PROGRAMS_WITHOUT := usr/share/[!lmt]* usr/share/locale/* usr/share/lintian/* \
	usr/share/man/* usr/share/menu/* */gconv/* usr/bin/perl5* etc/* var/* usr/include/*

# Linked with musl's libc.so, which is its loader as well.
MUSL_SO_CC = $(if $(CROSS_$(ARCH)),$(CC) \
	-L$(PROGRAMS_TREE)/lib/$(ARCH)-linux-musl -static-libgcc \
	$(filter-out $(CC),$(MUSL_CC)) \
	-Wl$(,)-dynamic-linker$(,)/lib/ld-musl-$(ARCH).so.1,$(MUSL_CC))
, := ,

$(PROGRAMS_TREE).stamp: $(PROGRAMS_SRC)/packages.txt
	@echo "  DEBS    $(PROGRAMS_TREE)"
	@rm -rf $(PROGRAMS_TREE)
	@$(PYTHON) tools/debs.py --arch $(ARCH) --into $(PROGRAMS_TREE) --list $<
	@touch $@

$(PROGRAMS_TESTS): $(PROGRAMS_B)/%: $(PROGRAMS_SRC)/%.c
	@mkdir -p $(@D)
	@echo "  USER    $<"
	@$(MUSL_CC) $(USER_FLAGS) -static -iquote tests/user -MMD -MP -MF $@.d -o $@ $<

dynamic_cc = $(if $(filter %_musl,$1),$(MUSL_SO_CC),$(CC))

$(PROGRAMS_B)/threads_%: $(PROGRAMS_SRC)/threads.c $(PROGRAMS_TREE).stamp
	@mkdir -p $(@D)
	@echo "  USER    $@"
	@$(call dynamic_cc,$(@F)) $(USER_FLAGS) -fPIE -pie -o $@ $< -ldl -lm

$(PROGRAMS_B)/clock_%: $(PROGRAMS_SRC)/clock.c tests/user/test_vdso.c tests/user/check.h \
		$(PROGRAMS_TREE).stamp
	@mkdir -p $(@D)
	@echo "  USER    $@"
	@$(call dynamic_cc,$(@F)) $(USER_FLAGS) -fPIE -pie -iquote tests/user -o $@ $<

$(PROGRAMS_B)/plugin_%.so: $(PROGRAMS_SRC)/plugin.c $(PROGRAMS_TREE).stamp
	@mkdir -p $(@D)
	@echo "  USER    $@"
	@$(call dynamic_cc,$(basename $(@F))) $(USER_FLAGS) -fPIC -shared -o $@ $<

$(PROGRAMS_CPIO): $(PROGRAMS_TREE).stamp $(PROGRAMS_TESTS) $(PROGRAMS_DYNAMIC) \
		$(USER_B)/init $(USER_B)/tour tools/mkinitramfs.py tests/user/user.mk
	@echo "  CPIO    $@"
	@$(PYTHON) tools/mkinitramfs.py -o $@ --busybox $(BUSYBOX) \
		--tree $(PROGRAMS_TREE) $(foreach w,$(PROGRAMS_WITHOUT),--without '$w') \
		init=$(USER_B)/init bin/tour=$(USER_B)/tour \
		$(foreach p,$(PROGRAMS_TESTS),tests/$(notdir $p)=$p) \
		$(foreach f,$(wildcard tests/user/files/*),etc/$(notdir $f)=$f) \
		$(foreach p,$(PROGRAMS_DYNAMIC),$(if $(filter %.so,$p),lib,bin)/$(notdir $p)=$p)

-include $(addsuffix .d,$(USER_PROGS) $(PROGRAMS_TESTS))
