/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of x86_64: I/O APIC pins to vectors, vectors to handlers.
 *
 *   device ─ line ─► I/O APIC pin ─ vector 32 + line ─► local APIC ─► irq_dispatch
 *                          timer, other CPUs ─ vectors 92 to 94 ─┘
 *
 * Lines are ISA numbers (0 to 15) or global pin numbers beyond; the MADT's
 * overrides say at which pin an ISA line arrives, and with what polarity. All
 * lines go to the CPU that registers them, the first one. The old 8259
 * controllers are told to be silent.
 *
 * Invariants: [Q1] a pin is unmasked only after its handler is in the table;
 * [Q2] every interrupt but the spurious one is acknowledged (EOI) before
 * another thread may run, or this CPU would get no further ones. One that comes
 * again before that is kept by the local APIC, so a handler that looks after
 * it was called misses nothing.
 *
 * Locking: handlers are registered at boot, by the first CPU; afterwards the
 * table is only read, and a line's count is its CPU's.
 *
 * [SDM3] 11.8.4 "Interrupt Acceptance for Fixed Interrupts"; [IOAPIC] 3.2
 */
#include "arch/irq.h"

#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/tables.h"
#include "boot/acpi.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/printk.h"
#include "lib/errno.h"

#define NR_LINES 32
static_assert(VECTOR_IRQ + NR_LINES <= VECTOR_WAKE, "a vector for each");

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1

#define IOAPIC_DEFAULT_ADDRESS 0xfec00000
#define IOAPIC_SELECT  0x00
#define IOAPIC_WINDOW  0x10
#define IOAPIC_VERSION 1
#define IOAPIC_PIN(n)  (0x10 + 2 * (n))

#define PIN_ACTIVE_LOW (1 << 13)
#define PIN_LEVEL      (1 << 15)
#define PIN_MASKED     (1 << 16)

struct irq_line {
	irq_handler_fn *fn;             /* NULL: nobody's */
	void *arg;
	const char *name;
	u64 count;                      /* times it fired */
};

static struct irq_line irq_lines[NR_LINES];
static DEFINE_PERCPU(u64, irq_spurious);        /* without a handler */

static volatile u32 __iomem *ioapic_registers[ACPI_MAX_IOAPICS];
static u32 ioapic_first[ACPI_MAX_IOAPICS];      /* line of pin 0 */
static u32 ioapic_pins[ACPI_MAX_IOAPICS];
static u32 nr_ioapics;

static u32 ioapic_read(u32 n, u32 reg)
{
	*(__force volatile u32 *)(ioapic_registers[n] + IOAPIC_SELECT / 4) =
		reg;
	return *(__force volatile u32 *)(ioapic_registers[n] +
					 IOAPIC_WINDOW / 4);
}

static void ioapic_write(u32 n, u32 reg, u32 v)
{
	*(__force volatile u32 *)(ioapic_registers[n] + IOAPIC_SELECT / 4) =
		reg;
	*(__force volatile u32 *)(ioapic_registers[n] + IOAPIC_WINDOW / 4) = v;
}

/** irq_map_registers() - a page of registers at pa; panics without memory. Boot. */
volatile u32 __iomem *__init irq_map_registers(u64 pa, const char *what)
{
	void __iomem *va = ioremap(pa_make(pa), PAGE_SIZE);

	if (!va)
		panic("irq: no memory to map the %s", what);
	return (volatile u32 __iomem *)va;
}

static void __init ioapic_init(u64 pa, u32 first_line)
{
	u32 n = nr_ioapics++, pin;

	ioapic_registers[n] = irq_map_registers(pa, "I/O APIC");
	ioapic_first[n] = first_line;
	ioapic_pins[n] = (ioapic_read(n, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (pin = 0; pin < ioapic_pins[n]; pin++)
		ioapic_write(n, IOAPIC_PIN(pin), PIN_MASKED);
}

/*
 * Both 8259s masked. Even so one may raise a spurious interrupt; the firmware
 * has put those among the exceptions, so they are moved to our vectors first.
 */
static void __init pic_silence(void)
{
	outb(PIC1_COMMAND, 0x11);       /* initialise, four words follow */
	outb(PIC2_COMMAND, 0x11);
	outb(PIC1_DATA, VECTOR_IRQ);
	outb(PIC2_DATA, VECTOR_IRQ + 8);
	outb(PIC1_DATA, 1 << 2);        /* the second one hangs at line 2 */
	outb(PIC2_DATA, 2);
	outb(PIC1_DATA, 1);
	outb(PIC2_DATA, 1);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

void __init irq_init(void)
{
	u32 i;

	pic_silence();
	apic_init();
	for (i = 0; i < acpi_info.nr_ioapics; i++)
		ioapic_init(acpi_info.ioapic[i].address,
			    acpi_info.ioapic[i].first_line);
	if (!nr_ioapics)
		ioapic_init(IOAPIC_DEFAULT_ADDRESS, 0);
	pr_info("irq: local APIC %u%s, %u I/O APIC%s with %u pins\n", apic_id(),
		apic_kind(), nr_ioapics, nr_ioapics == 1 ? "" : "s",
		ioapic_pins[0]);
}

void __init irq_init_cpu(void)
{
	apic_init_cpu();
}

/* Where a line arrives: its global pin, and polarity and trigger bits. */
static u32 irq_route(unsigned int line, u32 *bits)
{
	u32 i;

	*bits = 0;                      /* ISA: edge, active high */
	for (i = 0; i < acpi_info.nr_overrides; i++) {
		const struct acpi_override *o = &acpi_info.override[i];

		if (o->irq != line)
			continue;
		if ((o->flags & 3) == 3)
			*bits |= PIN_ACTIVE_LOW;
		if ((o->flags >> 2 & 3) == 3)
			*bits |= PIN_LEVEL;
		return o->line;
	}
	return line;
}

int irq_register(unsigned int line, irq_handler_fn *fn, void *arg,
		 const char *name)
{
	u32 bits, global, n;

	if (line >= NR_LINES)
		return -EINVAL;
	if (irq_lines[line].fn)
		return -EBUSY;
	global = irq_route(line, &bits);
	for (n = 0; n < nr_ioapics; n++)
		if (global - ioapic_first[n] < ioapic_pins[n])
			break;
	if (n == nr_ioapics)
		return -EINVAL;
	irq_lines[line] = (struct irq_line){ fn, arg, name, 0 };
	ioapic_write(n, IOAPIC_PIN(global - ioapic_first[n]) + 1,
		     apic_id() << 24);  /* to this CPU */
	ioapic_write(n, IOAPIC_PIN(global - ioapic_first[n]),
		     (VECTOR_IRQ + line) | bits);
	return 0;
}

static void irq_line_fired(u32 n)
{
	struct irq_line *line = n < NR_LINES ? &irq_lines[n] : NULL;

	if (line && line->fn) {
		line->count++;
		line->fn(line->arg);
	} else {
		this_cpu_add(irq_spurious, 1);
	}
}

/**
 * irq_dispatch() - every interrupt, from entry.S
 *
 * Context: interrupts off, GS base of the kernel.
 */
void irq_dispatch(struct trap_frame *tf)
{
	u32 vector = (u8)tf->vector;

	if (vector == VECTOR_SPURIOUS)
		return;
	this_cpu_write(irq_user, tf_from_user(tf));
	(void)this_cpu_nest(irq_depth, 1);
	if (vector == VECTOR_TIMER)
		time_interrupt();
	else if (vector == VECTOR_CALL)
		smp_received(IPI_CALL, tf);
	else if (vector == VECTOR_WAKE)
		smp_received(IPI_WAKE, tf);
	else
		irq_line_fired(vector - VECTOR_IRQ);
	apic_write(APIC_EOI, 0);        /* [Q2] */
	(void)this_cpu_nest(irq_depth, -1);
	if (!tf_from_user(tf))
		sched_preempt_irq();
}
