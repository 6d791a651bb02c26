/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of x86_64: I/O APIC pins to vectors, vectors to handlers.
 *
 *   device ─ line ─► I/O APIC pin ─ vector 32 + line ─► local APIC ─► irq_dispatch
 *                                                 timer ─ vector 94 ─┘
 *
 * Lines are ISA numbers (0 to 15) or global pin numbers beyond; the MADT's
 * overrides say at which pin an ISA line arrives, and with what polarity. The
 * old 8259 controllers are told to be silent.
 *
 * Invariants: [Q1] a pin is unmasked only after its handler is in the table;
 * [Q2] every interrupt but the spurious one is acknowledged (EOI) before
 * another thread may run, or this CPU would get no further ones.
 *
 * Locking: handlers are registered at boot, one CPU; afterwards the table is
 * only read.
 *
 * [SDM3] 11.4 "Local APIC", 11.12 "Extended XAPIC (x2APIC)"; [IOAPIC] 3.2
 */
#include "arch/irq.h"

#include "arch/mmu.h"
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

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1

#define APIC_DEFAULT_ADDRESS   0xfee00000
#define IOAPIC_DEFAULT_ADDRESS 0xfec00000
#define IOAPIC_SELECT  0x00
#define IOAPIC_WINDOW  0x10
#define IOAPIC_VERSION 1
#define IOAPIC_PIN(n)  (0x10 + 2 * (n))

#define PIN_ACTIVE_LOW (1 << 13)
#define PIN_LEVEL      (1 << 15)
#define PIN_MASKED     (1 << 16)

#define APIC_BASE_ON     (1 << 11)
#define APIC_BASE_X2APIC (1 << 10)
#define CPUID_1C_X2APIC  (1 << 21)

struct irq_line {
	irq_handler_fn *fn;             /* NULL: nobody's */
	void *arg;
	const char *name;
	u64 count;                      /* times it fired */
};

static struct irq_line irq_lines[NR_LINES];
static u64 irq_spurious;                /* interrupts without a handler */

static volatile u32 __iomem *apic_registers;    /* NULL: x2APIC */
static volatile u32 __iomem *ioapic_registers[ACPI_MAX_IOAPICS];
static u32 ioapic_first[ACPI_MAX_IOAPICS];      /* line of pin 0 */
static u32 ioapic_pins[ACPI_MAX_IOAPICS];
static u32 nr_ioapics;

/** apic_read() - a register of this CPU's local APIC. Context: any, after irq_init(). */
u32 apic_read(u32 reg)
{
	if (!apic_registers)
		return (u32)rdmsr(MSR_X2APIC + reg / 16);
	return *(__force volatile u32 *)(apic_registers + reg / 4);
}

/** apic_write() - likewise. */
void apic_write(u32 reg, u32 v)
{
	if (!apic_registers)
		wrmsr(MSR_X2APIC + reg / 16, v);
	else
		*(__force volatile u32 *)(apic_registers + reg / 4) = v;
}

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

static volatile u32 __iomem *__init irq_map_registers(u64 pa, const char *what)
{
	void __iomem *va = ioremap(pa_make(pa), PAGE_SIZE);

	if (!va)
		panic("irq: no memory to map the %s", what);
	return (volatile u32 __iomem *)va;
}

static void __init apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ON;
	u64 pa = acpi_info.local_apic ? acpi_info.local_apic
				      : APIC_DEFAULT_ADDRESS;

	if (cpuid(1, 0).c & CPUID_1C_X2APIC)
		base |= APIC_BASE_X2APIC;
	else
		apic_registers = irq_map_registers(pa, "local APIC");
	wrmsr(MSR_APIC_BASE, base);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);       /* the NMI button */
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ON | VECTOR_SPURIOUS);
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

/* This CPU's number among the local APICs. */
static u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return apic_registers ? id >> 24 : id;
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
		apic_registers ? "" : " (x2APIC)", nr_ioapics,
		nr_ioapics == 1 ? "" : "s", ioapic_pins[0]);
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

/**
 * irq_dispatch() - every interrupt, from entry.S
 *
 * Context: interrupts off, GS base of the kernel.
 */
void irq_dispatch(struct trap_frame *tf)
{
	u32 vector = (u8)tf->vector;
	struct irq_line *line = NULL;

	if (vector == VECTOR_SPURIOUS)
		return;
	(void)this_cpu_nest(irq_depth, 1);
	if (vector == VECTOR_TIMER) {
		time_interrupt();
	} else {
		if (vector - VECTOR_IRQ < NR_LINES)
			line = &irq_lines[vector - VECTOR_IRQ];
		if (line && line->fn) {
			line->count++;
			line->fn(line->arg);
		} else {
			irq_spurious++;
		}
	}
	apic_write(APIC_EOI, 0);
	(void)this_cpu_nest(irq_depth, -1);
	if (!tf_from_user(tf))
		sched_preempt_irq();
}
