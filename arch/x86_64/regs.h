/* SPDX-License-Identifier: MIT */
/*
 * x86_64: the registers that the machine's own files share, and the one-line
 * instructions that reach them. Read by assembly for the constants.
 *
 * [SDM3] 2.5 "Control Registers", [SDM4] 2 "Model-Specific Registers"
 */
#ifndef ARCH_X86_64_REGS_H
#define ARCH_X86_64_REGS_H

#define CR0_PE (1 << 0)                 /* protected mode */
#define CR0_MP (1 << 1)                 /* WAIT looks at TS */
#define CR0_EM (1 << 2)                 /* no x87: must be clear */
#define CR0_TS (1 << 3)
#define CR0_NE (1 << 5)                 /* x87 errors as exceptions */
#define CR0_WP (1 << 16)                /* read-only binds the kernel too */
#define CR0_NW (1 << 29)                /* with CD: caches off, as INIT leaves */
#define CR0_CD (1 << 30)                /* them */
#define CR0_PG (1 << 31)

#define CR4_PAE        (1 << 5)
#define CR4_PGE        (1 << 7)         /* global pages */
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_UMIP       (1 << 11)        /* no SGDT … SMSW in user mode */
#define CR4_PCIDE      (1 << 17)
#define CR4_OSXSAVE    (1 << 18)
#define CR4_SMEP       (1 << 20)        /* kernel cannot run user pages */
#define CR4_SMAP       (1 << 21)        /* nor touch them without AC */

#define CR3_NO_FLUSH ((u64)1 << 63)     /* with PCIDE: keep the PCID's entries */

#define FLAGS_TF (1 << 8)
#define FLAGS_IF (1 << 9)
#define FLAGS_DF (1 << 10)
#define FLAGS_NT (1 << 14)
#define FLAGS_AC (1 << 18)

#define MSR_APIC_BASE      0x1b
#define MSR_PAT            0x277
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC         0x800        /* + register / 16 */
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_SFMASK         0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102   /* the other one: SWAPGS */

#define EFER_SCE (1 << 0)
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)

#ifndef __ASSEMBLER__

#include "lib/types.h"

struct cpuid_regs {
	u32 a, b, c, d;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* All zero when the CPU does not have the leaf. */
static inline struct cpuid_regs cpuid_or_zero(u32 leaf, u32 subleaf)
{
	if (cpuid(leaf & 0xffff0000, 0).a < leaf)
		return (struct cpuid_regs){ 0 };
	return cpuid(leaf, subleaf);
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
}

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

#define DEFINE_CONTROL_REGISTER(name)                                          \
	static inline u64 read_##name(void)                                    \
	{                                                                      \
		u64 v;                                                         \
                                                                               \
		__asm__ volatile("mov %%" #name ", %0"                         \
				 : "=r"(v)                                     \
				 :                                             \
				 : "memory");                                  \
		return v;                                                      \
	}                                                                      \
                                                                               \
	static inline void write_##name(u64 v)                                 \
	{                                                                      \
		__asm__ volatile("mov %0, %%" #name : : "r"(v) : "memory");    \
	}

DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)

#endif /* __ASSEMBLER__ */
#endif
