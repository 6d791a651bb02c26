/* SPDX-License-Identifier: MIT */
/*
 * The end: with a verdict under QEMU, with the power off elsewhere.
 *
 * QEMU with -semihosting ends with the status that SYS_EXIT_EXTENDED names;
 * the numbers are those that its x86 exit device produces. Without it HLT is an
 * undefined instruction, which a fixup lets pass, and the firmware is asked to
 * switch off by PSCI.
 *
 * [Semihosting] 5 "SYS_EXIT_EXTENDED"; [PSCI] 5.10 "SYSTEM_OFF",
 * 5.11 "SYSTEM_RESET"
 */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/aarch64/psci.h"
#include "boot/platform.h"

enum {
	SYS_EXIT_EXTENDED = 0x20,
	STOPPED_APPLICATION_EXIT = 0x20026,
	STATUS_SUCCESS = 33,
	STATUS_FAILURE = 35,
	PSCI_SYSTEM_OFF = (int)0x84000008,
	PSCI_SYSTEM_RESET = (int)0x84000009,
};

/** psci_call() - a function of the firmware. Context: any. Return: its x0. */
s64 psci_call(u64 function, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	if (platform.psci == PSCI_HVC)
		__asm__ volatile("hvc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
				 :
				 : "memory");
	else if (platform.psci == PSCI_SMC)
		__asm__ volatile("smc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
				 :
				 : "memory");
	else
		return PSCI_NOT_SUPPORTED;
	return (s64)x0;
}

static void semihosting_exit(u64 status)
{
	u64 block[2] = { STOPPED_APPLICATION_EXIT, status };
	register u64 x0 __asm__("x0") = SYS_EXIT_EXTENDED;
	register u64 *x1 __asm__("x1") = block;

	__asm__ volatile("1:	hlt #0xf000\n"
			 "2:\n"
			 "	.pushsection fixups, \"a\"\n"
			 "	.quad 1b, 2b\n"
			 "	.popsection"
			 : "+r"(x0)
			 : "r"(x1)
			 : "memory");
}

static void __noreturn machine_halt(void)
{
	irq_disable();
	while (1)
		__asm__ volatile("wfi");
}

void __noreturn machine_exit(int status)
{
	static const char text[] = "The machine can be switched off now.\n";

	semihosting_exit(status ? STATUS_FAILURE : STATUS_SUCCESS);
	psci_call((u32)PSCI_SYSTEM_OFF, 0, 0, 0);
	console_write(text, sizeof(text) - 1);
	machine_halt();
}

void __noreturn machine_restart(void)
{
	psci_call((u32)PSCI_SYSTEM_RESET, 0, 0, 0);
	machine_halt();
}
