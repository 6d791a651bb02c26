/* SPDX-License-Identifier: MIT */
/*
 * AArch64: the system registers that the machine's own files share, and the
 * one-line instructions that reach them. Read by assembly for the constants.
 *
 * A constant is REGISTER_FIELD, with the names of [ARM] part D "AArch64 System
 * Register Descriptions": a mask where the field is one bit, otherwise
 * REGISTER_FIELD_SHIFT or a macro that puts a value in its place.
 */
#ifndef ARCH_AARCH64_REGS_H
#define ARCH_AARCH64_REGS_H

#ifdef __ASSEMBLER__
#define BIT64(n) (1 << (n))
#else
#define BIT64(n) ((u64)1 << (n))
#endif

/* ---- PSTATE as SPSR_EL1 and the trap frame hold it ------------------------- */

#define PSTATE_EL0       0x0            /* EL0t: user mode */
#define PSTATE_EL1       0x5            /* EL1h: the kernel, on SP_EL1 */
#define PSTATE_F         BIT64(6)       /* masks: FIQ, */
#define PSTATE_I         BIT64(7)       /* IRQ, */
#define PSTATE_A         BIT64(8)       /* SError, */
#define PSTATE_D         BIT64(9)       /* debug exceptions */
#define PSTATE_DAIF      (PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F)
#define PSTATE_BTYPE     (BIT64(10) | BIT64(11))
#define PSTATE_SSBS      BIT64(12)      /* speculative store bypass is safe */
#define PSTATE_DIT       BIT64(24)      /* timing independent of data */
#define PSTATE_TCO       BIT64(25)      /* tags are not checked */
#define PSTATE_NZCV      (BIT64(28) | BIT64(29) | BIT64(30) | BIT64(31))

/* MSR DAIFSet and DAIFClr take mask bits as an immediate; the one for IRQ: */
#define DAIF_I           2

/* MSR PAN, #imm as assemblers for v8.0 do not know it. */
#define MSR_PAN(imm)     (0xd500409f | (imm) << 8)

/* ---- SCTLR_EL1: the master switches ---------------------------------------- */

#define SCTLR_EL1_M       BIT64(0)      /* MMU on */
#define SCTLR_EL1_C       BIT64(2)      /* data caches on */
#define SCTLR_EL1_SA      BIT64(3)      /* sp must be aligned in EL1 */
#define SCTLR_EL1_SA0     BIT64(4)      /* and in EL0 */
#define SCTLR_EL1_EOS     BIT64(11)     /* ERET synchronises */
#define SCTLR_EL1_I       BIT64(12)     /* instruction caches on */
#define SCTLR_EL1_DZE     BIT64(14)     /* EL0: DC ZVA */
#define SCTLR_EL1_UCT     BIT64(15)     /* EL0: read CTR_EL0 */
#define SCTLR_EL1_TSCXT   BIT64(20)     /* EL0: no SCXTNUM_EL0 */
#define SCTLR_EL1_EIS     BIT64(22)     /* exception entry synchronises */
#define SCTLR_EL1_SPAN    BIT64(23)     /* exceptions leave PAN as it is */
#define SCTLR_EL1_UCI     BIT64(26)     /* EL0: cache maintenance by address */
#define SCTLR_EL1_nTLSMD  BIT64(28)     /* RES1 without FEAT_LSMAOC */
#define SCTLR_EL1_LSMAOE  BIT64(29)     /* likewise */

/* ---- TCR_EL1, MAIR_EL1, TTBRn_EL1: translation ------------------------------- */

#define TCR_EL1_T0SZ(bits) (64 - (bits))        /* user half: 2^bits bytes */
#define TCR_EL1_IRGN0_WBWA BIT64(8)             /* walks: write-back */
#define TCR_EL1_ORGN0_WBWA BIT64(10)
#define TCR_EL1_SH0_INNER  (BIT64(12) | BIT64(13))
#define TCR_EL1_TG0_4K     0
#define TCR_EL1_T1SZ(bits) ((64 - (bits)) << 16)
#define TCR_EL1_IRGN1_WBWA BIT64(24)
#define TCR_EL1_ORGN1_WBWA BIT64(26)
#define TCR_EL1_SH1_INNER  (BIT64(28) | BIT64(29))
#define TCR_EL1_TG1_4K     BIT64(31)
#define TCR_EL1_IPS_SHIFT  32                   /* as ID_AA64MMFR0_EL1.PARange */
#define TCR_EL1_AS         BIT64(36)            /* ASIDs of 16 bits */
#define TCR_EL1_TBI0       BIT64(37)            /* user half: the top byte is no address */
#define TCR_EL1_HA         BIT64(39)            /* hardware sets access flags */
#define TCR_EL1_HD         BIT64(40)            /* and manages dirty state */

#define MAIR_DEVICE_nGnRE  0x04ul
#define MAIR_NORMAL_NC     0x44ul
#define MAIR_NORMAL_WB     0xfful               /* allocate on read and write */

#define TTBR_ASID_SHIFT    48
#define TTBR_ROOT          0x0000fffffffff000

/* ---- ESR_EL1: what happened --------------------------------------------------- */

#define ESR_EC_SHIFT      26
#define ESR_EC(esr)       ((esr) >> ESR_EC_SHIFT & 0x3f)
#define ESR_EC_ALL        ((u64)0x3f << ESR_EC_SHIFT)
#define ESR_IL            BIT64(25)     /* the instruction has 32 bits */

#define ESR_EC_UNKNOWN       0x00
#define ESR_EC_WFX           0x01
#define ESR_EC_FP            0x07       /* CPACR_EL1.FPEN, ZEN, SMEN */
#define ESR_EC_BTI           0x0d
#define ESR_EC_ILLEGAL       0x0e       /* PSTATE.IL */
#define ESR_EC_SVC64         0x15
#define ESR_EC_SYS64         0x18       /* MRS, MSR or SYS not for EL0 */
#define ESR_EC_SVE           0x19
#define ESR_EC_FPAC          0x1c
#define ESR_EC_SME           0x1d
#define ESR_EC_IABT_LOWER    0x20       /* fetch, from EL0 */
#define ESR_EC_IABT          0x21       /* fetch, from EL1 */
#define ESR_EC_PC_ALIGN      0x22
#define ESR_EC_DABT_LOWER    0x24       /* load or store, from EL0 */
#define ESR_EC_DABT          0x25       /* load or store, from EL1 */
#define ESR_EC_SP_ALIGN      0x26
#define ESR_EC_FP_EXCEPTION  0x2c
#define ESR_EC_SERROR        0x2f
#define ESR_EC_BREAKPOINT    0x30       /* + 1: from EL1, also below */
#define ESR_EC_STEP          0x32
#define ESR_EC_WATCHPOINT    0x34
#define ESR_EC_BRK64         0x3c

/* Of aborts. FSC: the kind; its two low bits are Arm's lookup level. */
#define ESR_ISS_FSC_MASK     0x3f
#define ESR_ISS_FSC_KIND     0x3c
#define ESR_ISS_FSC_SIZE     0x00       /* address size fault */
#define ESR_ISS_FSC_TRANS    0x04       /* nothing there */
#define ESR_ISS_FSC_ACCESS   0x08       /* access flag clear */
#define ESR_ISS_FSC_PERM     0x0c       /* no right */
#define ESR_ISS_FSC_EXTERNAL 0x10       /* and all kinds from here on */
#define ESR_ISS_FSC_ALIGN    0x21
#define ESR_ISS_WNR          BIT64(6)   /* a write */
#define ESR_ISS_CM           BIT64(8)   /* cache maintenance: WNR means nothing */

/* ---- other control registers ----------------------------------------------------- */

#define CPACR_EL1_FPEN       (BIT64(20) | BIT64(21))    /* vectors: no trap */

#define CNTKCTL_EL1_EL0VCTEN BIT64(1)   /* EL0 reads CNTVCT_EL0 */
#define CNTV_CTL_EL0_ENABLE  BIT64(0)
#define CNTV_CTL_EL0_IMASK   BIT64(1)

#define HCR_EL2_RW           BIT64(31)  /* EL1 is AArch64 */
#define HCR_EL2_APK          BIT64(40)  /* pointer authentication: no traps */
#define HCR_EL2_API          BIT64(41)
#define CNTHCTL_EL2_EL1PCTEN BIT64(0)
#define CNTHCTL_EL2_EL1PCEN  BIT64(1)

/* ---- ID registers: fields of four bits ---------------------------------------------- */

#define ID_FIELD(value, shift)       ((unsigned int)((value) >> (shift)) & 0xf)
#define ID_AA64MMFR0_PARANGE_SHIFT   0
#define ID_AA64MMFR0_ASIDBITS_SHIFT  4  /* 2: 16 bits */
#define ID_AA64MMFR0_TGRAN4_SHIFT    28
#define ID_AA64MMFR1_HAFDBS_SHIFT    0  /* 1: access flag, 2: dirty too */
#define ID_AA64MMFR1_PAN_SHIFT       20
#define ID_AA64PFR0_GIC_SHIFT        24 /* 1: GICv3 system registers */

#ifndef __ASSEMBLER__

#include "lib/types.h"

#define read_sysreg(name)                                                    \
	({                                                                   \
		u64 value__;                                                 \
		__asm__ volatile("mrs %0, " #name : "=r"(value__));          \
		value__;                                                     \
	})

#define write_sysreg(name, v)                                                \
	__asm__ volatile("msr " #name ", %x0" : : "rZ"((u64)(v)) : "memory")

/* Context synchronisation: what follows is fetched and executed anew. */
static inline void isb(void) { __asm__ volatile("isb" : : : "memory"); }

#define dsb(domain) __asm__ volatile("dsb " #domain : : : "memory")
#define dmb(domain) __asm__ volatile("dmb " #domain : : : "memory")

#endif /* __ASSEMBLER__ */
#endif
