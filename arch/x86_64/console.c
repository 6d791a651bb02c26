/* SPDX-License-Identifier: MIT */
/*
 * The first serial port (COM1), a 16550 or what passes for one.
 *
 * Output waits for the port, but never for ever: a port that is not there, or
 * hangs, costs a bounded number of looks. Lines end in CR LF on the wire.
 *
 * [16550] "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs"
 */
#include "arch/console.h"

#include "arch/irq.h"
#include "arch/x86_64/regs.h"
#include "kernel/base/printk.h"

enum {
	COM1 = 0x3f8,
	COM1_LINE = 4,
	UART_DATA = COM1,
	UART_IER = COM1 + 1,            /* interrupt enable */
	UART_FCR = COM1 + 2,            /* FIFO control */
	UART_LCR = COM1 + 3,            /* line control */
	UART_MCR = COM1 + 4,            /* modem control */
	UART_LSR = COM1 + 5,            /* line status */

	IER_RECEIVED = 1 << 0,
	FCR_ENABLE = 0xc7,              /* clear both, trigger at 14 bytes */
	LCR_8N1 = 0x03,
	LCR_DIVISOR = 0x80,
	MCR_READY = 0x03,               /* DTR, RTS */
	MCR_INTERRUPTS = 0x08,          /* OUT2: lets the line out on a PC */
	LSR_RECEIVED = 1 << 0,
	LSR_EMPTY = 1 << 5,             /* room for a FIFO's worth */
	UART_FIFO = 16,
	UART_PATIENCE = 200000,         /* looks: some 100 ms */
};

static bool uart_present;
static char uart_last;                  /* last byte sent */

/* The divisor reads back what was written, or nobody is there. */
static bool uart_probe(void)
{
	bool ok;

	outb(UART_LCR, LCR_DIVISOR);
	outb(UART_DATA, 1);             /* 115200 baud */
	outb(UART_IER, 0);
	ok = inb(UART_DATA) == 1 && inb(UART_IER) == 0;
	outb(UART_LCR, LCR_8N1);
	return ok;
}

/* Ports, not memory. */
struct console_window console_window(void)
{
	return (struct console_window){ .len = 0 };
}

void console_early_init(void)
{
	uart_present = uart_probe();
	if (!uart_present)
		return;
	outb(UART_IER, 0);
	outb(UART_FCR, FCR_ENABLE);
	outb(UART_MCR, MCR_READY | MCR_INTERRUPTS);
}

static void uart_wait(void)
{
	u32 looks = UART_PATIENCE;

	while (!(inb(UART_LSR) & LSR_EMPTY) && looks--)
		;
}

/* Room for how many more bytes; waits when there is none. */
static void uart_send(char c, u32 *room)
{
	if (*room == 0) {
		uart_wait();
		*room = UART_FIFO;
	}
	outb(UART_DATA, (u8)c);
	uart_last = c;
	--*room;
}

void console_write(const char *s, size_t len)
{
	u32 room = 0;

	if (!uart_present)
		return;
	for (; len--; s++) {
		if (*s == '\n' && uart_last != '\r')
			uart_send('\r', &room);
		uart_send(*s, &room);
	}
}

static void uart_interrupt(void *arg)
{
	u32 most = 256;                 /* a broken port must not keep us */

	while (inb(UART_LSR) & LSR_RECEIVED && most--)
		console_received((char)inb(UART_DATA));
}

void console_init(void)
{
	if (!uart_present)
		return;
	if (irq_register(COM1_LINE, uart_interrupt, NULL, "serial")) {
		pr_warn("console: no interrupt line, input is off\n");
		return;
	}
	outb(UART_IER, IER_RECEIVED);
	uart_interrupt(NULL);           /* what came before */
}
