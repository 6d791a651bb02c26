/* SPDX-License-Identifier: MIT */
/*
 * When the call returns, nobody uses the old translation any more.
 *
 *	hammers   store rising numbers into their words of one page, for ever;
 *	          a fault is caught, and they try again
 *	boss      takes the page away in one of the ways that there are, and
 *	          looks whether anything still changes behind its back
 *
 * A CPU that was not told shows as a word that rises in a read-only, moved or
 * copied page, or as a number in a page that is somebody else's by now.
 */
#include "stress.h"

#define SPARE     8                     /* pages that may get the old frame */
#define PAGE_WORDS (PAGE / sizeof(uint64_t))
#define PATTERN   0x7071727374757677ull

static volatile uint64_t *const page = (volatile uint64_t *)ARENA;
static char *const elsewhere = ARENA + (64ul << 20);

static uint64_t hits[MAX_THREADS], misses[MAX_THREADS];

/* Each hammer has words of its own, spread over the page. */
static size_t word_of(long nr, uint64_t round)
{
	return (size_t)nr + MAX_THREADS * (round % (PAGE_WORDS / MAX_THREADS));
}

static void hammer(struct member *m)
{
	for (uint64_t n = 1; !stopped(); n++) {
		if (try_store(&page[word_of(m->nr, n)], n) == TOUCH_OK) {
			__atomic_store_n(&hits[m->nr], n, __ATOMIC_RELAXED);
		} else {
			misses[m->nr]++;
			sched_yield();
		}
	}
}

static struct dice boss_dice;

static void boss_begin(void)
{
	stress_begin();
	boss_dice = dice_of(-1);
	memset(hits, 0, sizeof(hits));
	memset(misses, 0, sizeof(misses));
	map_at(ARENA, 1, RW);
	team_start(plan.threads - 1, hammer);
}

static void boss_end(bool with_misses)
{
	uint64_t hit = 0, missed = 0;

	team_end();
	for (long i = 0; i < plan.threads; i++) {
		hit += hits[i];
		missed += misses[i];
	}
	CHECK(hit > 0);
	CHECK(!with_misses || missed > 0);
	CHECK(munmap(ARENA, PAGE) == 0);
}

/* Until somebody has written: the page is in use, and in some CPU's TLB. */
static void wait_for_hammers(void)
{
	uint64_t seen[MAX_THREADS];

	memcpy(seen, hits, sizeof(seen));
	for (long i = 0;; i = (i + 1) % plan.threads) {
		if (__atomic_load_n(&hits[i], __ATOMIC_RELAXED) != seen[i])
			break;
		if (i == 0)
			sched_yield();
	}
	linger(&boss_dice);
}

/* Time for a store that must not happen. */
static void dare_them(void)
{
	for (long i = 0; i < 20000; i++)
		__asm__ volatile("" ::: "memory");
	linger(&boss_dice);
}

/* The words at p do not change for some time. */
static void check_quiet(volatile uint64_t *p)
{
	uint64_t seen[PAGE_WORDS];

	for (size_t i = 0; i < PAGE_WORDS; i++)
		seen[i] = p[i];
	for (int look = 0; look < 3; look++) {
		dare_them();
		for (size_t i = 0; i < PAGE_WORDS; i++) {
			if (p[i] != seen[i])
				printf("# word %zu was %llu and is %llu\n", i,
				       (unsigned long long)seen[i],
				       (unsigned long long)p[i]);
			CHECK(p[i] == seen[i]);
		}
	}
}

/* Fills the spare pages, likely with the frame just freed, and watches them. */
static void check_spares(void)
{
	volatile uint64_t *p = (volatile uint64_t *)map_at(elsewhere, SPARE,
							   RW);

	for (size_t i = 0; i < SPARE * PAGE_WORDS; i++) {
		CHECK(p[i] == 0);
		p[i] = PATTERN;
	}
	for (int look = 0; look < 3; look++) {
		dare_them();
		for (size_t i = 0; i < SPARE * PAGE_WORDS; i++)
			CHECK(p[i] == PATTERN);
	}
	CHECK(munmap(elsewhere, SPARE * PAGE) == 0);
}

/* Every word is of its hammer, and not from the future. */
static void check_words(volatile uint64_t *p)
{
	for (size_t i = 0; i < PAGE_WORDS; i++) {
		size_t nr = i % MAX_THREADS;

		CHECK(p[i] == 0 || (nr < (size_t)plan.threads &&
				    word_of((long)nr, p[i]) == i));
	}
}

CASE(read_only_means_no_more_writes)
{
	boss_begin();
	for (long i = 0; i < plan.ops / 20 + 1; i++) {
		CHECK(mprotect(ARENA, PAGE, PROT_READ) == 0);
		check_quiet(page);
		CHECK(mprotect(ARENA, PAGE, RW) == 0);
		wait_for_hammers();
	}
	boss_end(true);
}

CASE(unmapped_frames_are_left_alone)
{
	boss_begin();
	for (long i = 0; i < plan.ops / 20 + 1; i++) {
		CHECK(munmap(ARENA, PAGE) == 0);
		check_spares();
		map_at(ARENA, 1, RW);
		wait_for_hammers();
		check_words(page);
	}
	boss_end(true);
}

CASE(replaced_frames_are_left_alone)
{
	boss_begin();
	for (long i = 0; i < plan.ops / 20 + 1; i++) {
		wait_for_hammers();
		map_at(ARENA, 1, RW);           /* over what is there */
		check_spares();
		check_words(page);
	}
	boss_end(false);
}

CASE(dropped_frames_are_left_alone)
{
	boss_begin();
	for (long i = 0; i < plan.ops / 20 + 1; i++) {
		wait_for_hammers();
		CHECK(madvise(ARENA, PAGE, MADV_DONTNEED) == 0);
		check_spares();
		check_words(page);
	}
	boss_end(false);
}

CASE(moved_page_is_quiet)
{
	volatile uint64_t *moved = (volatile uint64_t *)elsewhere;

	boss_begin();
	for (long i = 0; i < plan.ops / 20 + 1; i++) {
		CHECK(mremap(ARENA, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     elsewhere) == elsewhere);
		check_quiet(moved);
		check_words(moved);
		CHECK(munmap(elsewhere, PAGE) == 0);
		map_at(ARENA, 1, RW);
		wait_for_hammers();
	}
	boss_end(true);
}

/* fork makes the page read-only for all of us; the child's picture is fixed. */
CASE(forked_picture_is_fixed)
{
	int status;

	boss_begin();
	for (long i = 0; i < plan.ops / 100 + 1; i++) {
		pid_t pid;

		wait_for_hammers();
		pid = fork();
		if (pid == 0) {
			check_quiet(page);
			check_words(page);
			_exit(0);
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(status == 0);
	}
	boss_end(false);
}

/* Both sides write: each gets its own copy, from two CPUs at once. */
CASE(copies_part_for_good)
{
	int status;

	boss_begin();
	for (long i = 0; i < plan.ops / 100 + 1; i++) {
		pid_t pid;

		wait_for_hammers();
		pid = fork();
		if (pid == 0) {
			for (size_t w = 0; w < PAGE_WORDS; w++)
				page[w] = PATTERN;
			check_quiet(page);
			CHECK(page[0] == PATTERN);
			_exit(0);
		}
		CHECK(pid > 0);
		check_words(page);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
		check_words(page);
	}
	boss_end(false);
}

int main(int argc, char **argv)
{
	return stress_main(argc, argv);
}
