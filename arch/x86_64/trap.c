/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: the vector table, decoding, and the reports of last resort.
 *
 *   entry.S ─┬─ trap_user_fault      page fault of user code: the quick path
 *            ├─ trap_kernel_fault    … of the kernel: in a user copy, or a bug
 *            ├─ trap_exception       all others that can go on
 *            └─ trap_fatal           #DF, NMI, #MC: report and stop
 *
 * A kernel stack that overflows runs into its guard page. The CPU cannot push
 * the page fault's frame there, which makes a double fault, which has a
 * stack of its own: so the report comes out, with CR2 saying whose guard it was.
 *
 * [SDM3] 6.15 "Exception and Interrupt Reference", 4.7 "Page-Fault Exceptions"
 */
#include "arch/trap.h"

#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/tables.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

#define VECTORS    256
#define EXCEPTIONS 32

static_assert(sizeof(struct trap_frame) == TF_SIZE &&
		      __builtin_offsetof(struct trap_frame, r11) == TF_R11 &&
		      __builtin_offsetof(struct trap_frame, rax) == TF_RAX &&
		      __builtin_offsetof(struct trap_frame, rdi) == TF_RDI &&
		      __builtin_offsetof(struct trap_frame, vector) ==
			      TF_VECTOR &&
		      __builtin_offsetof(struct trap_frame, cs) == TF_CS &&
		      __builtin_offsetof(struct trap_frame, sp) == TF_SP,
	      "entry.S");

/* [SDM3] figure 6-8 "64-Bit IDT Gate Descriptors" */
struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;                        /* 0x8e: interrupt gate; 0xee: for ring 3 */
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

struct fixup {
	u64 instruction;
	u64 resume;
};
extern const struct fixup __start_fixups[], __stop_fixups[];
extern const char uaccess_start[], uaccess_end[];

static struct gate idt[VECTORS] __aligned(16);

u64 trap_breakpoints;

/* ---- the vector table ------------------------------------------------------- */

typedef void entry_fn(void);

entry_fn divide_error, debug_trap, nmi, breakpoint, overflow, bound_range,
	invalid_opcode, device_missing, double_fault, invalid_tss,
	segment_missing, stack_fault, general_protection, page_fault,
	x87_error, alignment_check, machine_check, simd_error,
	reserved_exception;
extern const char irq_entries[][16];

static const struct {
	entry_fn *entry;
	const char *name;
	u8 kind;                        /* enum trap_kind, from user mode */
	u8 ist;
	bool user;                      /* user code may raise it by INT n */
} exceptions[EXCEPTIONS] = {
	[0] = { divide_error, "divide error (#DE)", TRAP_DIVIDE },
	[1] = { debug_trap, "debug trap (#DB)", TRAP_STEP },
	[2] = { nmi, "non-maskable interrupt", 0, IST_NMI },
	[3] = { breakpoint, "breakpoint (#BP)", TRAP_BREAKPOINT, 0, true },
	[4] = { overflow, "overflow (#OF)", TRAP_OVERFLOW, 0, true },
	[5] = { bound_range, "bound range (#BR)", TRAP_OVERFLOW },
	[6] = { invalid_opcode, "invalid opcode (#UD)", TRAP_ILLEGAL },
	[7] = { device_missing, "device not available (#NM)", TRAP_FLOAT },
	[8] = { double_fault, "double fault (#DF)", 0, IST_DOUBLE },
	[10] = { invalid_tss, "invalid TSS (#TS)", TRAP_PROTECTION },
	[11] = { segment_missing, "segment not present (#NP)",
		 TRAP_PROTECTION },
	[12] = { stack_fault, "stack fault (#SS)", TRAP_STACK },
	[13] = { general_protection, "general protection (#GP)",
		 TRAP_PROTECTION },
	[14] = { page_fault, "page fault (#PF)" },
	[16] = { x87_error, "x87 error (#MF)", TRAP_FLOAT },
	[17] = { alignment_check, "alignment check (#AC)", TRAP_ALIGNMENT },
	[18] = { machine_check, "machine check (#MC)", 0, IST_MACHINE },
	[19] = { simd_error, "SIMD error (#XM)", TRAP_FLOAT },
};

static const char *exception_name(u64 vector)
{
	const char *name = vector < EXCEPTIONS ? exceptions[vector].name : NULL;

	return name ? name : "unknown exception";
}

static void idt_set(unsigned int vector, u64 entry, u8 ist, bool user)
{
	idt[vector] = (struct gate){
		.offset_low = (u16)entry,
		.selector = KERNEL_CS,
		.ist = ist,
		.type = user ? 0xee : 0x8e,
		.offset_middle = (u16)(entry >> 16),
		.offset_high = (u32)(entry >> 32),
	};
}

static void idt_fill(void)
{
	unsigned int v;

	for (v = 0; v < EXCEPTIONS; v++)
		idt_set(v,
			(u64)(exceptions[v].entry ? exceptions[v].entry
						  : reserved_exception),
			exceptions[v].ist, exceptions[v].user);
	for (v = VECTOR_IRQ; v < VECTOR_IRQ_END; v++)
		idt_set(v, (u64)irq_entries[v - VECTOR_IRQ], IST_NONE, false);
}

/* One table for all CPUs, filled by the first. */
void trap_init(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed p = { sizeof(idt) - 1, (u64)idt };

	if (!idt[0].type)
		idt_fill();
	__asm__ volatile("lidt %0" : : "m"(p));
}

/* ---- page faults ---------------------------------------------------------------- */

/* Bits of the error code. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8,
       PF_FETCH = 16 };

#define FAULT_OF(code)                                                       \
	(((code) & PF_WRITE	  ? FAULT_WRITE                              \
	  : (code) & PF_FETCH	  ? FAULT_EXEC                               \
				  : FAULT_READ) |                            \
	 ((code) & PF_USER ? FAULT_USER : 0) |                               \
	 ((code) & PF_PRESENT ? FAULT_PRESENT : 0) |                         \
	 ((code) & PF_RESERVED ? FAULT_BROKEN : 0))
#define FAULT_OF_4(code)                                                     \
	FAULT_OF(code), FAULT_OF((code) + 1), FAULT_OF((code) + 2),          \
		FAULT_OF((code) + 3)

/* Error code -> FAULT_*: one load on the hottest path of all. */
static const u8 fault_access[32] = {
	FAULT_OF_4(0),	FAULT_OF_4(4),	FAULT_OF_4(8),	FAULT_OF_4(12),
	FAULT_OF_4(16), FAULT_OF_4(20), FAULT_OF_4(24), FAULT_OF_4(28),
};

/*
 * User code made the CPU itself reach where only the kernel may: QEMU reads
 * the stack of a ring-3 IRET that way. The program is to blame, not us.
 */
static void __noinline trap_implied_access(struct trap_frame *tf, vaddr_t addr)
{
	trap_user_exception(tf, TRAP_PROTECTION, addr,
			    "supervisor access by user code (#PF)");
}

/** trap_user_fault() - from entry.S. Context: user code, interrupts off. */
void trap_user_fault(struct trap_frame *tf, vaddr_t addr)
{
	irq_enable();
	if (unlikely(!(tf->error & PF_USER)))
		trap_implied_access(tf, addr);
	else
		trap_page_fault(tf, addr, fault_access[tf->error & 31]);
}

static void __noreturn trap_stack_overflow(const struct trap_frame *tf,
					   vaddr_t addr)
{
	panic_trap(tf, "kernel stack overflow: guard page hit at %#lx", addr);
}

/* The boot stack's guard is the read-only page below it, see linker.ld. */
static bool trap_is_stack_guard(vaddr_t addr)
{
	vaddr_t boot_stack_start = (vaddr_t)boot_stack;

	return (addr < boot_stack_start &&
		addr >= boot_stack_start - PAGE_SIZE) ||
	       kstack_is_guard(addr);
}

/** trap_kernel_fault() - from entry.S. Context: kernel code, interrupts off. */
void trap_kernel_fault(struct trap_frame *tf, vaddr_t addr)
{
	u32 access = fault_access[tf->error & 31];

	if (tf->pc >= (u64)uaccess_start && tf->pc < (u64)uaccess_end)
		access |= FAULT_UACCESS;
	else if (!va_is_user(addr) && trap_is_stack_guard(addr))
		trap_stack_overflow(tf, addr);
	irq_restore(tf->flags);
	trap_page_fault(tf, addr, access);
	irq_disable();
}

bool trap_fixup(struct trap_frame *tf)
{
	const struct fixup *f;

	for (f = __start_fixups; f < __stop_fixups; f++) {
		if (f->instruction == tf->pc) {
			tf_set_pc(tf, f->resume);
			return true;
		}
	}
	return false;
}

/* ---- other exceptions --------------------------------------------------------------- */

static void trap_kernel_exception(struct trap_frame *tf)
{
	if (tf->vector == VECTOR_BREAKPOINT) {
		__atomic_fetch_add(&trap_breakpoints, 1, __ATOMIC_RELAXED);
		return;
	}
	if (trap_fixup(tf))             /* #GP: a user pointer no CPU takes */
		return;
	panic_trap(tf, "%s in the kernel, error code %#llx",
		   exception_name(tf->vector), (unsigned long long)tf->error);
}

/** trap_exception() - from entry.S. Context: interrupts off. */
void trap_exception(struct trap_frame *tf)
{
	u16 vector = (u16)tf->vector;

	if (!tf_from_user(tf)) {
		trap_kernel_exception(tf);
		return;
	}
	irq_enable();
	trap_user_exception(tf, (enum trap_kind)exceptions[vector].kind, tf->pc,
			    exception_name(vector));
}

/**
 * trap_fatal() - from entry.S, on a stack of its own
 *
 * An NMI is how a panic elsewhere stops this CPU; any other is a report.
 * Context: anywhere.
 */
void __noreturn trap_fatal(struct trap_frame *tf)
{
	vaddr_t addr = read_cr2();

	if (tf->vector == VECTOR_NMI && smp_told_to_stop())
		smp_received(IPI_STOP, tf);
	if (tf->vector == VECTOR_DOUBLE && trap_is_stack_guard(addr))
		trap_stack_overflow(tf, addr);
	panic_trap(tf, "%s, cr2 %#lx", exception_name(tf->vector), addr);
}

/* ---- in words ------------------------------------------------------------------------- */

void trap_dump(const struct trap_frame *tf)
{
#define V(x) ((unsigned long long)(x))
	pr_err("  pc  %016llx  cs %02llx  flags %08llx  sp %016llx\n",
	       V(tf->pc), V(tf->cs), V(tf->flags), V(tf->sp));
	pr_err("  rax %016llx rbx %016llx rcx %016llx rdx %016llx\n",
	       V(tf->rax), V(tf->rbx), V(tf->rcx), V(tf->rdx));
	pr_err("  rsi %016llx rdi %016llx rbp %016llx r8  %016llx\n",
	       V(tf->rsi), V(tf->rdi), V(tf->rbp), V(tf->r8));
	pr_err("  r9  %016llx r10 %016llx r11 %016llx r12 %016llx\n", V(tf->r9),
	       V(tf->r10), V(tf->r11), V(tf->r12));
	pr_err("  r13 %016llx r14 %016llx r15 %016llx\n", V(tf->r13),
	       V(tf->r14), V(tf->r15));
	pr_err("  cr2 %016llx cr3 %016llx  %s, error code %#llx\n",
	       V(read_cr2()), V(read_cr3()), exception_name((u16)tf->vector),
	       V(tf->error));
#undef V
}
