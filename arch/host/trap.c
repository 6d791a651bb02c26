/* SPDX-License-Identifier: MIT */
/*
 * Traps of the host machine: only page faults exist, and translate.c makes
 * them. The upcalls have stand-ins here for programs that want none.
 */
#include "arch/trap.h"

#include "arch/host/machine.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

u64 trap_breakpoints;

void trap_init(void) {}

void cpu_breakpoint(void)
{
	trap_breakpoints++;
}

void trap_dump(const struct trap_frame *tf)
{
	printk(LOG_EMERG, "host: pc %#lx sp %#lx, %s mode\n", tf->pc, tf->sp,
	       tf->user ? "user" : "kernel");
}

bool trap_fixup(struct trap_frame *tf)
{
	tf->give_up |= tf->uaccess;
	return tf->uaccess;
}

void host_fault_give_up(struct trap_frame *tf)
{
	tf->give_up = true;
}

void trap_return_user(struct trap_frame *tf)
{
	panic("host: no user mode to return to (pc %#lx)", tf->pc);
}

void __weak trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access)
{
	char text[96];

	trap_describe_fault(text, sizeof(text), addr, access);
	panic("host: nobody handles page faults: %s", text);
}
