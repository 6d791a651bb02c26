/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: xoshiro256** over 256 bits of state. [Blackman18]
 *
 *   cpu_timestamp(), timer_now(), console input ─► splitmix ─► state ─► output
 *
 * Good enough for stack cookies, hash seeds and shuffles of demos. It makes
 * no cryptographic claim: whoever sees some outputs can compute the rest.
 * The first use seeds the state from the clocks; keys typed at the console stir
 * it further.
 *
 * Locking: random_lock, interrupts off (input stirs from the interrupt).
 */
#include "kernel/dev/random.h"

#include "arch/timer.h"
#include "kernel/base/lock.h"
#include "lib/string.h"

static struct spinlock random_lock = SPINLOCK_INIT(RANK_LOG);
static u64 random_state[4];             /* [random_lock] never all zero */
static bool random_seeded;              /* [random_lock] */

static u64 rotate_left(u64 x, unsigned int k)
{
	return x << k | x >> (64 - k);
}

/* Spreads a weak seed over 64 bits (splitmix64 step). */
static u64 random_mix(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void random_absorb(u64 value) __needs_lock(random_lock)
{
	for (unsigned int i = 0; i < array_size(random_state); i++)
		random_state[i] ^= random_mix(&value);
	if (!(random_state[0] | random_state[1] | random_state[2] |
	      random_state[3]))
		random_state[0] = 1;
}

static u64 random_step(void) __needs_lock(random_lock)
{
	u64 *s = random_state;
	u64 result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/**
 * random_stir() - let value and the present moment change what comes next
 *
 * Context: any.
 */
void random_stir(u64 value)
{
	u64 flags = spin_lock_irq(&random_lock);

	random_absorb(value ^ cpu_timestamp());
	spin_unlock_irq(&random_lock, flags);
}

/** random_u64() - 64 random bits. Context: any. */
u64 random_u64(void)
{
	u64 flags = spin_lock_irq(&random_lock), value;

	if (!random_seeded) {
		random_seeded = true;
		random_absorb(cpu_timestamp());
		random_absorb(timer_now() ^ timer_wall_base());
	}
	value = random_step();
	spin_unlock_irq(&random_lock, flags);
	return value;
}

/** random_fill() - len random bytes to dst. Context: any. */
void random_fill(void *dst, size_t len)
{
	u8 *p = dst;
	u64 value;

	while (len) {
		size_t n = MIN(len, sizeof(value));

		value = random_u64();
		memcpy(p, &value, n);
		p += n;
		len -= n;
	}
}
