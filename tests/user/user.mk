# SPDX-License-Identifier: MIT
# User programs and the initramfs. Everything here is an ordinary static Linux
# program: what it does on Quire it also does on Linux.
#
#	tests/user/init.c           -> /init
#	tests/user/test_*.c         -> /tests/test_*
#	tests/user/*.c              -> /bin/*
#	…_glibc.c, …_pie.c          the system's gcc, -static or -static-pie;
#	                            all others musl-gcc -static
#	tests/bench/mmbench.c       -> /bin/mmbench

USER_B := build/user/$(ARCH)
INITRAMFS := $(USER_B)/initramfs.cpio
MMBENCH := $(USER_B)/mmbench
BUSYBOX_x86_64 := $(firstword $(wildcard /bin/busybox /usr/bin/busybox \
	/bin/busybox.static /usr/bin/busybox.static))
MUSL_x86_64 := $(if $(CROSS_x86_64),x86_64-linux-musl-gcc,musl-gcc)

USER_SRCS  := $(wildcard tests/user/*.c)
USER_NAMES := $(patsubst tests/user/%.c,%,$(USER_SRCS))
USER_PROGS := $(addprefix $(USER_B)/,$(USER_NAMES))
USER_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -pthread

# The compiler and the way of linking that a program's name asks for.
user_cc   = $(if $(filter %_glibc %_pie,$1),$(CC),$(MUSL_$(ARCH)))
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
	@$(MUSL_$(ARCH)) -O2 -static -o $@ $<

# NAME=FILE words: where each program lands in the initramfs.
user_place = $(if $(filter init,$1),init,$(if $(filter test_%,$1),tests/$1,bin/$1))
USER_FILES := $(foreach p,$(USER_NAMES),$(call user_place,$p)=$(USER_B)/$p)

$(INITRAMFS): $(USER_PROGS) $(MMBENCH) tools/mkinitramfs.py \
		tests/user/user.mk $(wildcard tests/user/files/*)
	@echo "  CPIO    $@"
	@$(PYTHON) tools/mkinitramfs.py --strip $(CROSS_$(ARCH))strip -o $@ \
		--busybox $(BUSYBOX_$(ARCH)) $(USER_FILES) bin/mmbench=$(MMBENCH) \
		$(foreach f,$(wildcard tests/user/files/*),etc/$(notdir $f)=$f)

-include $(addsuffix .d,$(USER_PROGS))
