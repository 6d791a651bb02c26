/* SPDX-License-Identifier: MIT */
/*
 * The end: with a verdict under QEMU, with the power off elsewhere.
 *
 * QEMU's isa-debug-exit ends the emulator with status (value << 1) | 1. Without
 * that device the write goes nowhere, and the power-off ports of the usual
 * virtual machines follow; switching real hardware off needs AML, so there
 * the last resort is to say so and halt.
 */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/regs.h"
#include "boot/acpi.h"
#include "kernel/base/percpu.h"
#include "kernel/base/printk.h"

enum {
	DEBUG_EXIT = 0xf4,
	DEBUG_EXIT_SUCCESS = 0x10,      /* emulator's status 33 */
	DEBUG_EXIT_FAILURE = 0x11,      /* 35 */
	PM_CONTROL_QEMU = 0x604,        /* q35, pc: PM1a control, S5 is type 0 */
	PM_CONTROL_OLD = 0xb004,        /* Bochs, older QEMU */
	PM_SLEEP_ENABLE = 1 << 13,
	RESET_CONTROL = 0xcf9,
	KEYBOARD_COMMAND = 0x64,
};

/* The end for all: INIT puts the others where only start-up gets them out. */
static void __noreturn machine_halt(void)
{
	if (cpus_online & (cpus_online - 1))
		apic_send(0, APIC_TO_OTHERS | APIC_SEND_INIT);
	while (1)
		__asm__ volatile("cli; hlt");
}

void __noreturn machine_exit(int status)
{
	static const char text[] = "The machine can be switched off now.\n";

	outb(DEBUG_EXIT, status ? DEBUG_EXIT_FAILURE : DEBUG_EXIT_SUCCESS);
	outw(PM_CONTROL_QEMU, PM_SLEEP_ENABLE);
	outw(PM_CONTROL_OLD, PM_SLEEP_ENABLE);
	console_write(text, sizeof(text) - 1);
	machine_halt();
}

/* ACPI's way, the chipset's, the keyboard controller's; then no way to report
 * a fault, which resets every CPU. */
void __noreturn machine_restart(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed no_table;

	if (acpi_info.reset_port)
		outb(acpi_info.reset_port, acpi_info.reset_value);
	outb(RESET_CONTROL, 0x02);
	outb(RESET_CONTROL, 0x06);
	outb(KEYBOARD_COMMAND, 0xfe);
	__asm__ volatile("lidt %0; int3" : : "m"(no_table));
	machine_halt();
}
