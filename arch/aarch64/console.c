/* SPDX-License-Identifier: MIT */
/*
 * The serial port: a PL011 that the device tree or ACPI names.
 *
 * Output waits for the port, but never for ever: a port that hangs costs a
 * bounded number of looks. Lines end in CR LF on the wire. Whatever runs below
 * (firmware, emulator) has set the rate.
 *
 * The registers have a place of their own in the address plan (CONSOLE_BASE),
 * so that the port speaks under the boot tables and under the kernel's from
 * their first moment on.
 *
 * [PL011] 3.3 "Register descriptions"
 */
#include "arch/console.h"

#include "arch/aarch64/machine.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "boot/platform.h"
#include "kernel/base/printk.h"

enum {
	UART_DR = 0x00,                 /* data */
	UART_FR = 0x18,                 /* flags */
	UART_CR = 0x30,                 /* control */
	UART_IFLS = 0x34,               /* FIFO levels of interrupts */
	UART_IMSC = 0x38,               /* interrupt mask: 1 lets it through */
	UART_ICR = 0x44,                /* interrupt clear */

	FR_RECEIVE_EMPTY = 1 << 4,
	FR_SEND_FULL = 1 << 5,
	CR_ENABLE = 1 << 0 | 1 << 8 | 1 << 9,   /* port, sender, receiver */
	INTERRUPT_RECEIVED = 1 << 4,
	INTERRUPT_TIMEOUT = 1 << 6,     /* some bytes wait, no more come */
	UART_PATIENCE = 200000,
};

static char uart_last;                  /* last byte sent */

static volatile u32 *uart_register(u32 offset)
{
	u64 in_page = platform.uart.start & ~PAGE_MASK;

	return (volatile u32 *)(CONSOLE_BASE + in_page + offset);
}

struct console_window console_window(void)
{
	return (struct console_window){
		.va = CONSOLE_BASE,
		.pa = pa_make(platform.uart.start & PAGE_MASK),
		.len = platform.uart.start ? PAGE_SIZE : 0,
	};
}

void console_early_init(void)
{
	if (!platform.uart.start)
		return;
	*uart_register(UART_IMSC) = 0;
	*uart_register(UART_CR) |= CR_ENABLE;
}

static void uart_send(char c)
{
	u32 looks = UART_PATIENCE;

	while (*uart_register(UART_FR) & FR_SEND_FULL && looks--)
		;
	*uart_register(UART_DR) = (u8)c;
	uart_last = c;
}

void console_write(const char *s, size_t len)
{
	if (!platform.uart.start)
		return;
	for (; len--; s++) {
		if (*s == '\n' && uart_last != '\r')
			uart_send('\r');
		uart_send(*s);
	}
}

static void uart_interrupt(void *arg)
{
	u32 most = 256;                 /* a broken port must not keep us */

	*uart_register(UART_ICR) = INTERRUPT_RECEIVED | INTERRUPT_TIMEOUT;
	while (!(*uart_register(UART_FR) & FR_RECEIVE_EMPTY) && most--)
		console_received((char)*uart_register(UART_DR));
}

void console_init(void)
{
	if (!platform.uart.start)
		return;
	if (irq_register(platform.uart_irq.line, uart_interrupt, NULL,
			 "serial")) {
		pr_warn("console: no interrupt line, input is off\n");
		return;
	}
	*uart_register(UART_IFLS) = 0;  /* from an eighth of the FIFO on */
	*uart_register(UART_IMSC) = INTERRUPT_RECEIVED | INTERRUPT_TIMEOUT;
	uart_interrupt(NULL);           /* what came before */
}
