/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: decoding the syndrome, and the reports of last resort.
 *
 *   entry.S ─┬─ trap_user_data     data aborts of user code: the quick path
 *            ├─ trap_user_sync     all others of user code
 *            ├─ trap_kernel_sync   of the kernel: in a user copy, or a bug
 *            ├─ trap_bad_stack     of the kernel, with no stack to stand on
 *            └─ trap_unexpected    FIQ, SError, …: report and stop
 *
 * ESR_EL1 says what happened (its EC field the class, for aborts FSC the
 * reason), FAR_EL1 where. Both are read before interrupts come on again.
 *
 * [ARM] D17.2.37 "ESR_EL1", D17.2.40 "FAR_EL1", D8.13 "VMSAv8-64 memory aborts"
 */
#include "arch/trap.h"

#include "arch/aarch64/machine.h"
#include "arch/aarch64/regs.h"
#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/mmu.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

struct fixup {
	u64 instruction;
	u64 resume;
};
extern const struct fixup __start_fixups[], __stop_fixups[];
extern const char uaccess_start[], uaccess_end[], trap_vectors[];

u64 trap_breakpoints;

void trap_init(void)
{
	write_sysreg(vbar_el1, trap_vectors);
	isb();
}

/* ---- classes of exceptions ----------------------------------------------------- */

static const struct {
	const char *name;
	u8 kind;                        /* enum trap_kind, from user mode */
} trap_classes[64] = {
	[ESR_EC_UNKNOWN] = { "undefined instruction", TRAP_ILLEGAL },
	[ESR_EC_WFX] = { "WFI or WFE", TRAP_ILLEGAL },
	[ESR_EC_FP] = { "vector instruction, switched off", TRAP_ILLEGAL },
	[ESR_EC_BTI] = { "branch to no landing place", TRAP_ILLEGAL },
	[ESR_EC_ILLEGAL] = { "illegal execution state", TRAP_ILLEGAL },
	[ESR_EC_SVC64] = { "system call", TRAP_ILLEGAL },
	[ESR_EC_SYS64] = { "system register, not for programs", TRAP_ILLEGAL },
	[ESR_EC_SVE] = { "SVE instruction, switched off", TRAP_ILLEGAL },
	[ESR_EC_FPAC] = { "pointer authentication failed", TRAP_ILLEGAL },
	[ESR_EC_SME] = { "SME instruction, switched off", TRAP_ILLEGAL },
	[ESR_EC_IABT_LOWER] = { "instruction abort" },
	[ESR_EC_IABT] = { "instruction abort" },
	[ESR_EC_PC_ALIGN] = { "misaligned program counter", TRAP_ALIGNMENT },
	[ESR_EC_DABT_LOWER] = { "data abort" },
	[ESR_EC_DABT] = { "data abort" },
	[ESR_EC_SP_ALIGN] = { "misaligned stack pointer", TRAP_ALIGNMENT },
	[ESR_EC_FP_EXCEPTION] = { "floating-point exception", TRAP_FLOAT },
	[ESR_EC_SERROR] = { "SError", TRAP_ALIGNMENT },
	[ESR_EC_BREAKPOINT] = { "hardware breakpoint", TRAP_BREAKPOINT },
	[ESR_EC_BREAKPOINT + 1] = { "hardware breakpoint", TRAP_BREAKPOINT },
	[ESR_EC_STEP] = { "single step", TRAP_STEP },
	[ESR_EC_STEP + 1] = { "single step", TRAP_STEP },
	[ESR_EC_WATCHPOINT] = { "watchpoint", TRAP_BREAKPOINT },
	[ESR_EC_WATCHPOINT + 1] = { "watchpoint", TRAP_BREAKPOINT },
	[ESR_EC_BRK64] = { "breakpoint (BRK)", TRAP_BREAKPOINT },
};

static const char *trap_class_name(u64 esr)
{
	const char *name = trap_classes[ESR_EC(esr)].name;

	return name ? name : "unknown exception";
}

/* ---- aborts -------------------------------------------------------------------- */

static bool trap_is_abort(u64 esr)
{
	u64 ec = ESR_EC(esr) & ~(u64)1; /* from EL0 or EL1 */

	return ec == ESR_EC_DABT_LOWER || ec == ESR_EC_IABT_LOWER;
}

/*
 * FSC -> FAULT_*, without its two low bits, the level. Two kinds of faults of a
 * walk are memory management's to resolve; the rest is a broken entry, or the
 * bus, or (far from it) misaligned data.
 */
static const u8 trap_fault_reason[16] = {
	[ESR_ISS_FSC_SIZE >> 2] = FAULT_BROKEN,
	[ESR_ISS_FSC_TRANS >> 2] = 0,
	[ESR_ISS_FSC_ACCESS >> 2] = FAULT_PRESENT,
	[ESR_ISS_FSC_PERM >> 2] = FAULT_PRESENT,
	[ESR_ISS_FSC_EXTERNAL >> 2 ... 15] = FAULT_BROKEN,
};
#define FAULT_REASON(esr) trap_fault_reason[(esr) >> 2 & 15]

/* Cache maintenance counts as a read, as its rights do. */
static u32 trap_data_access(u64 esr)
{
	static_assert(FAULT_READ + 1 == FAULT_WRITE, "one more");
	return FAULT_READ +
	       ((esr & (ESR_ISS_WNR | ESR_ISS_CM)) == ESR_ISS_WNR) +
	       FAULT_REASON(esr);
}

/* ESR_EL1 -> FAULT_*, for either kind of abort. */
static u32 trap_fault_access(u64 esr)
{
	bool fetch = (ESR_EC(esr) & ~(u64)1) == ESR_EC_IABT_LOWER;

	return fetch ? FAULT_EXEC | FAULT_REASON(esr) : trap_data_access(esr);
}

/* [M6] Only a want of rights can come from the TLB: what faults for another
 * reason is never cached. [ARM] D8.14.1 */
static bool trap_may_be_stale(u64 esr)
{
	return (esr & ESR_ISS_FSC_KIND) == ESR_ISS_FSC_PERM;
}

/* User code and no fault of a walk: the bus, a broken entry, alignment. */
static void __noinline trap_user_broken(struct trap_frame *tf, vaddr_t addr,
					u32 access)
{
	if ((tf->esr & ESR_ISS_FSC_MASK) == ESR_ISS_FSC_ALIGN)
		trap_user_exception(tf, TRAP_ALIGNMENT, addr,
				    "misaligned access");
	else
		trap_page_fault(tf, addr, access);
}

static inline void trap_user_abort(struct trap_frame *tf, vaddr_t addr,
				   u64 esr, u32 access)
{
	if (trap_may_be_stale(esr))
		mmu_forget_page(addr);
	irq_enable();
	if (unlikely(access & FAULT_BROKEN))
		trap_user_broken(tf, addr, access);
	else
		trap_page_fault(tf, addr, access);
}

/** trap_user_data() - from entry.S: a data abort. Context: as the next one. */
void trap_user_data(struct trap_frame *tf, u64 esr)
{
	trap_user_abort(tf, read_sysreg(far_el1), esr,
			trap_data_access(esr) | FAULT_USER);
}

/** trap_user_sync() - from entry.S. Context: user code, interrupts off. */
void trap_user_sync(struct trap_frame *tf, u64 esr)
{
	if (ESR_EC(esr) == ESR_EC_IABT_LOWER) {
		trap_user_abort(tf, read_sysreg(far_el1), esr,
				FAULT_EXEC | FAULT_USER | FAULT_REASON(esr));
		return;
	}
	irq_enable();
	trap_user_exception(tf, (enum trap_kind)trap_classes[ESR_EC(esr)].kind,
			    tf->pc, trap_class_name(esr));
}

static void trap_kernel_abort(struct trap_frame *tf, vaddr_t addr)
{
	u32 access = trap_fault_access(tf->esr);

	if (tf->pc >= (u64)uaccess_start && tf->pc < (u64)uaccess_end)
		access |= FAULT_UACCESS;
	if (trap_may_be_stale(tf->esr) && va_is_user(uaddr_untag(addr)))
		mmu_forget_page(addr);
	irq_restore(tf->pstate);        /* DAIF in their places */
	trap_page_fault(tf, addr, access);
	irq_disable();
}

/** trap_kernel_sync() - from entry.S. Context: kernel code, interrupts off. */
void trap_kernel_sync(struct trap_frame *tf)
{
	if (trap_is_abort(tf->esr)) {
		trap_kernel_abort(tf, read_sysreg(far_el1));
	} else if (ESR_EC(tf->esr) == ESR_EC_BRK64) {
		trap_breakpoints++;
		tf->pc += 4;            /* BRK itself, unlike INT3 */
	} else if (!trap_fixup(tf)) {
		panic_trap(tf, "%s in the kernel, syndrome %#llx",
			   trap_class_name(tf->esr),
			   (unsigned long long)tf->esr);
	}
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

/* ---- no way back ------------------------------------------------------------------ */

/* The boot stack's guard is the read-only page below it, see linker.ld. */
static bool trap_is_stack_guard(vaddr_t addr)
{
	vaddr_t boot_stack_start = (vaddr_t)boot_stack;

	return (addr < boot_stack_start &&
		addr >= boot_stack_start - PAGE_SIZE) ||
	       kstack_is_guard(addr);
}

/** trap_bad_stack() - from entry.S, on this CPU's emergency stack. */
void __noreturn trap_bad_stack(struct trap_frame *tf)
{
	vaddr_t addr = read_sysreg(far_el1);

	if (trap_is_stack_guard(addr))
		panic_trap(tf, "kernel stack overflow: guard page hit at %#lx",
			   addr);
	panic_trap(tf, "%s at %#lx, beside the stack", trap_class_name(tf->esr),
		   addr);
}

/** trap_unexpected() - from entry.S: a vector that nothing should reach. */
void __noreturn trap_unexpected(struct trap_frame *tf, u64 vector)
{
	static const char *const kind[] = { "exception", "IRQ", "FIQ",
					    "SError" };
	static const char *const from[] = { "EL1 on SP_EL0", "the kernel",
					    "user mode", "AArch32" };

	panic_trap(tf, "unexpected %s from %s, syndrome %#llx",
		   kind[vector & 3], from[vector / 4 & 3],
		   (unsigned long long)tf->esr);
}

/* ---- in words ------------------------------------------------------------------------- */

void trap_dump(const struct trap_frame *tf)
{
#define V(x) ((unsigned long long)(x))
	unsigned int i;

	pr_err("  pc  %016llx  pstate %08llx  sp %016llx  lr %016llx\n",
	       V(tf->pc), V(tf->pstate), V(tf->sp), V(tf->x[30]));
	for (i = 0; i < 28; i += 4)
		pr_err("  x%-2u %016llx x%-2u %016llx x%-2u %016llx x%-2u "
		       "%016llx\n",
		       i, V(tf->x[i]), i + 1, V(tf->x[i + 1]), i + 2,
		       V(tf->x[i + 2]), i + 3, V(tf->x[i + 3]));
	pr_err("  x28 %016llx x29 %016llx\n", V(tf->x[28]), V(tf->x[29]));
	pr_err("  far %016llx ttbr0 %016llx  %s, syndrome %#llx\n",
	       V(read_sysreg(far_el1)), V(read_sysreg(ttbr0_el1)),
	       trap_class_name(tf->esr), V(tf->esr));
#undef V
}
