/* SPDX-License-Identifier: MIT */
/*
 * AT_HWCAP and AT_HWCAP2: what this CPU's ID registers say, in Linux's bits.
 *
 * Programs cannot read the ID registers themselves (Linux would emulate that
 * and say so by HWCAP_CPUID). Offered is only what works in user mode without
 * the kernel's help: no SVE, SME, MTE, BTI and pointer authentication.
 *
 * [ARM] D17.2 "General system control registers", "ID_AA64ISAR0_EL1" …
 */
#include "arch/abi.h"

#include "arch/aarch64/regs.h"
#include "lib/compiler.h"

enum { ISAR0, ISAR1, PFR0, PFR1, MMFR2, ID_REGS };

#define FIELD_NONE 0xf                  /* of FP and AdvSIMD: not there */
#define HWCAP2(bit) (64 + (bit))

/* At least `least` in the field says that programs may use bit. */
static const struct {
	u8 reg, shift, least, bit;
} hwcaps[] = {
	{ PFR0, 16, 0, 0 },             /* fp */
	{ PFR0, 20, 0, 1 },             /* asimd */
	{ ISAR0, 4, 1, 3 },             /* aes */
	{ ISAR0, 4, 2, 4 },             /* pmull */
	{ ISAR0, 8, 1, 5 },             /* sha1 */
	{ ISAR0, 12, 1, 6 },            /* sha2 */
	{ ISAR0, 16, 1, 7 },            /* crc32 */
	{ ISAR0, 20, 2, 8 },            /* atomics: LSE */
	{ PFR0, 16, 1, 9 },             /* fphp */
	{ PFR0, 20, 1, 10 },            /* asimdhp */
	{ ISAR0, 28, 1, 12 },           /* asimdrdm */
	{ ISAR1, 12, 1, 13 },           /* jscvt */
	{ ISAR1, 16, 1, 14 },           /* fcma */
	{ ISAR1, 20, 1, 15 },           /* lrcpc */
	{ ISAR1, 0, 1, 16 },            /* dcpop */
	{ ISAR0, 32, 1, 17 },           /* sha3 */
	{ ISAR0, 36, 1, 18 },           /* sm3 */
	{ ISAR0, 40, 1, 19 },           /* sm4 */
	{ ISAR0, 44, 1, 20 },           /* asimddp */
	{ ISAR0, 12, 2, 21 },           /* sha512 */
	{ ISAR0, 48, 1, 23 },           /* asimdfhm */
	{ PFR0, 48, 1, 24 },            /* dit */
	{ MMFR2, 32, 1, 25 },           /* uscat */
	{ ISAR1, 20, 2, 26 },           /* ilrcpc */
	{ ISAR0, 52, 1, 27 },           /* flagm */
	{ PFR1, 4, 2, 28 },             /* ssbs */
	{ ISAR1, 36, 1, 29 },           /* sb */
	{ ISAR1, 0, 2, HWCAP2(0) },     /* dcpodp */
	{ ISAR0, 52, 2, HWCAP2(7) },    /* flagm2 */
	{ ISAR1, 32, 1, HWCAP2(8) },    /* frint */
	{ ISAR1, 52, 1, HWCAP2(13) },   /* i8mm */
	{ ISAR1, 44, 1, HWCAP2(14) },   /* bf16 */
	{ ISAR1, 48, 1, HWCAP2(15) },   /* dgh */
	{ ISAR0, 60, 1, HWCAP2(16) },   /* rng */
};

static bool hwcap_offered(const u64 *reg, size_t i)
{
	unsigned int value = ID_FIELD(reg[hwcaps[i].reg], hwcaps[i].shift);

	if (hwcaps[i].reg == PFR0 && value == FIELD_NONE)
		return false;
	return value >= hwcaps[i].least;
}

/**
 * abi_hwcap() - AT_HWCAP (word 0) or AT_HWCAP2 (word 1)
 *
 * Of the CPU that asks; all are taken to be alike. Context: any.
 */
u64 abi_hwcap(unsigned int word)
{
	const u64 reg[ID_REGS] = {
		[ISAR0] = read_sysreg(id_aa64isar0_el1),
		[ISAR1] = read_sysreg(id_aa64isar1_el1),
		[PFR0] = read_sysreg(id_aa64pfr0_el1),
		[PFR1] = read_sysreg(id_aa64pfr1_el1),
		[MMFR2] = read_sysreg(id_aa64mmfr2_el1),
	};
	u64 bits = 0;

	for (size_t i = 0; i < array_size(hwcaps); i++)
		if (hwcaps[i].bit / 64 == word && hwcap_offered(reg, i))
			bits |= (u64)1 << hwcaps[i].bit % 64;
	return bits;
}
