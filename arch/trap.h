/* SPDX-License-Identifier: MIT */
/*
 * From the machine's exceptions to the kernel's words, and back to user mode.
 *
 * struct trap_frame is the machine's: the registers at the moment of the trap,
 * at the top of the kernel stack for a trap from user mode. The rest of the
 * kernel reads and writes it by the accessors only.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "lib/types.h"

struct trap_frame;

/* How the address was used; decoded from the error code or the syndrome. */
enum {
	FAULT_READ = 1 << 0,
	FAULT_WRITE = 1 << 1,
	FAULT_EXEC = 1 << 2,
	FAULT_USER = 1 << 3,            /* from user mode */
	FAULT_PRESENT = 1 << 4,         /* a translation existed: rights were missing */
	FAULT_UACCESS = 1 << 5,         /* kernel mode, inside arch/uaccess.h code */
	FAULT_BROKEN = 1 << 6,          /* reserved bits or external abort */
};

/* Exceptions of user programs other than page faults, in the kernel's words. */
enum trap_kind {
	TRAP_DIVIDE,                    /* SIGFPE, FPE_INTDIV */
	TRAP_FLOAT,                     /* SIGFPE */
	TRAP_ILLEGAL,                   /* SIGILL: undefined instruction */
	TRAP_BREAKPOINT,                /* SIGTRAP */
	TRAP_STEP,                      /* SIGTRAP, single step */
	TRAP_OVERFLOW,                  /* SIGSEGV: x86 #OF, #BR */
	TRAP_ALIGNMENT,                 /* SIGBUS, BUS_ADRALN */
	TRAP_PROTECTION,                /* SIGSEGV, SI_KERNEL: non-canonical, privileged */
	TRAP_STACK,                     /* SIGBUS on x86 #SS: as Linux */
	TRAP_NR,
};

/* ---- in machine_trap.h: struct trap_frame and ------------------------------
 *
 * static inline bool tf_from_user(const struct trap_frame *tf);
 * static inline uintptr_t tf_pc(tf), tf_sp(tf), tf_fp(tf);
 * static inline void tf_set_pc(tf, v), tf_set_sp(tf, v);
 * static inline long tf_syscall_nr(tf);	number the program asked for
 * static inline u64 tf_arg(tf, n);		syscall argument n, 0..5
 * static inline u64 tf_return(tf);
 * static inline void tf_set_return(tf, u64 v);	syscall result
 * static inline void tf_init_user(tf, uintptr_t pc, uintptr_t sp);
 *	all other registers zero, interrupts on, user mode
 * static inline bool tf_is_syscall(tf);
 */
#include <machine_trap.h>

/* Breakpoints of the kernel's own code that went on (cpu_breakpoint). */
extern u64 trap_breakpoints;

/** trap_init() - install the vectors on this CPU. Boot. */
void trap_init(void);

/** trap_dump() - print the registers, as the panic and the fault report want them. */
void trap_dump(const struct trap_frame *tf);

/** trap_fixup() - resume an arch/uaccess.h routine at its failure exit; false: not in one. */
bool trap_fixup(struct trap_frame *tf);

/** trap_return_user() - load tf and go to user mode. Context: interrupts off. */
void __noreturn trap_return_user(struct trap_frame *tf);

/* Linux's struct user_regs / sigcontext for signal frames: arch/signal.h */

/* Upcall, implemented by mm/tables: is va in the guard page of a kernel stack?
 * The machine asks when it finds no stack to stand on. Context: any. */
bool kstack_is_guard(vaddr_t va);

/* ---- upcalls: implemented above, called by the machine ----------------------
 * (kernel/task/trap.c; on the host kernel/task is absent and
 * tests/unit provides what its suites want)
 */

/* A page fault; interrupts as they were. addr is the pointer as the program
 * used it: uaddr_untag() is for the callee. Returns when the access can be retried
 * or a signal is pending; does not return when the kernel itself was wrong. */
void trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access);

/* Any other exception of user mode. name: the machine's word for it. */
void trap_user_exception(struct trap_frame *tf, enum trap_kind kind,
			 vaddr_t addr, const char *name);

/* A system call: number and arguments in tf, the result goes there. */
void trap_syscall(struct trap_frame *tf);

/* Called with interrupts off before every return to user mode that has work
 * pending (percpu need_resched, thread signal flags): may enable them, must
 * return with interrupts off. */
void trap_user_work(struct trap_frame *tf);

#endif
