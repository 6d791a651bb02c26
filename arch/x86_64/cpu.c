/* SPDX-License-Identifier: MIT */
/*
 * One CPU's descriptor tables, system-call registers and identity.
 *
 *   GDT  ├ null ├ kernel code ├ kernel data ├ CPU's number ├ user data ├ user code ├ TSS ┤
 *        0      0x08          0x10          0x18 0x20        0x28        0x30
 *
 * The order is SYSCALL's and SYSRET's: one takes code and data from 0x08 on,
 * the other data and code from 0x18 + 8 on. Segments have no base and no limit
 * in 64-bit mode; what is left of them is the ring, and the TSS, which says
 * where the kernel's stacks are:
 *
 *   sp0      the running thread's kernel stack (set at each switch)
 *   ist 1-3  stacks for #DF, NMI and #MC, which may strike while the present
 *            stack is no good or GS is the user's; the word at their top is
 *            this CPU's GS base (entry.S, [E1])
 *
 * [SDM3] 3.4 "Logical and Linear Addresses", 5.8.8 "Fast System Calls in
 * 64-Bit Mode", 6.14.5 "Interrupt Stack Table"
 */
#include "arch/cpu.h"

#include "arch/mmu.h"
#include "arch/trap.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/tables.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

#define IST_STACK_SIZE KIB(8)

struct ist_stack {
	u8 bytes[IST_STACK_SIZE - 16];
	u64 gs_base;                    /* read by entry.S above the frame */
	u64 unused;                     /* keeps the stack's top aligned to 16 */
} __aligned(16);

/* An access byte and flags nibble in their places; base and limit are ignored. */
#define GDT_CODE(ring) (0x00209a0000000000ull | (u64)(ring) << 45)
#define GDT_DATA(ring) (0x0000920000000000ull | (u64)(ring) << 45)
#define GDT_TSS        0x0000890000000000ull
#define GDT_ENTRIES    8

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

uintptr_t percpu_offsets[MAX_CPUS];

DEFINE_PERCPU(uintptr_t, percpu_offset);
DEFINE_PERCPU(struct tss, cpu_tss) __aligned(64);
DEFINE_PERCPU(u64, syscall_user_sp);    /* entry.S, for two instructions */
static DEFINE_PERCPU(u64, cpu_gdt[GDT_ENTRIES]);

/* The first CPU's; cpu_prepare() makes those of the others. */
static struct ist_stack boot_ist_stacks[IST_NR - 1];
static DEFINE_PERCPU(struct ist_stack *, cpu_ist_stacks) = boot_ist_stacks;

void syscall_entry(void);

/**
 * cpu_prepare() - what a further CPU finds in its copy of the variables
 *
 * The distance to the copy, and stacks for the exceptions that need their own.
 * Context: thread; before that CPU starts. Return: 0 or -ENOMEM.
 */
int __init cpu_prepare(unsigned int cpu)
{
	struct ist_stack *stacks = kmalloc(sizeof(boot_ist_stacks), GFP_KERNEL);

	if (!stacks)
		return -ENOMEM;
	*cpu_ptr(cpu_ist_stacks, cpu) = stacks;
	*cpu_ptr(percpu_offset, cpu) = percpu_offsets[cpu];
	return 0;
}

static void cpu_load_tss(void)
{
	struct ist_stack *stacks = this_cpu_read(cpu_ist_stacks);
	struct tss *tss = this_cpu_ptr(cpu_tss);
	u32 i;

	for (i = 0; i < IST_NR - 1; i++) {
		stacks[i].gs_base = this_cpu_read(percpu_offset);
		tss->ist[i] = (u64)&stacks[i].gs_base;
	}
	tss->io_bitmap = sizeof(*tss);
	__asm__ volatile("ltr %w0" : : "r"(TSS_SEL));
}

static void cpu_load_gdt(void)
{
	u64(*gdt)[GDT_ENTRIES] = this_cpu_ptr(cpu_gdt);
	u64 tss = (u64)this_cpu_ptr(cpu_tss);
	struct table_pointer p = { sizeof(*gdt) - 1, (u64)gdt };

	(*gdt)[KERNEL_CS / 8] = GDT_CODE(0);
	(*gdt)[KERNEL_SS / 8] = GDT_DATA(0);
	(*gdt)[CPU_NR_SEL / 8] = GDT_DATA(3) | this_cpu_read(cpu_number);
	(*gdt)[USER_SS / 8] = GDT_DATA(3);
	(*gdt)[USER_CS / 8] = GDT_CODE(3);
	(*gdt)[TSS_SEL / 8] = GDT_TSS | (sizeof(struct tss) - 1) |
			      (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	(*gdt)[TSS_SEL / 8 + 1] = tss >> 32;

	/* The selectors in use are the boot GDT's, with the same meaning; CS
	 * and SS are loaded again so that they come from this one. */
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %2, %%ss"
			 :
			 : "m"(p), "i"(KERNEL_CS), "r"(KERNEL_SS)
			 : "rax", "memory");
}

/* SYSCALL: where to, with which segments, and which flags to clear. */
static void cpu_init_syscall(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (u64)(USER_SS - 8) << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_SFMASK, FLAGS_IF | FLAGS_DF | FLAGS_TF | FLAGS_NT | FLAGS_AC);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void cpu_init(void)
{
	cpu_load_gdt();
	cpu_load_tss();
	cpu_init_syscall();
	fpu_init_cpu();
}

void cpu_describe(char *buf, size_t size)
{
	struct cpuid_regs r = cpuid(0, 0), family = cpuid(1, 0);
	char name[49] = "";
	u32 i;

	if (cpuid(0x80000000, 0).a >= 0x80000004) {
		for (i = 0; i < 3; i++) {
			struct cpuid_regs part = cpuid(0x80000002 + i, 0);

			memcpy(name + 16 * i, &part, 16);
		}
	} else {
		memcpy(name, &r.b, 4);
		memcpy(name + 4, &r.d, 4);
		memcpy(name + 8, &r.c, 4);
	}
	for (i = 0; name[i] == ' '; i++)
		;
	fmt_snprintf(buf, size, "%s (x86_64, signature %#x)", name + i,
		     family.a);
}
