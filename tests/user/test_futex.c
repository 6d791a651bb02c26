/* SPDX-License-Identifier: MIT */
/* Futexes between processes: keys, orders, clocks, and the dead. */
#include "check.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

enum { WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAKE_OP = 5,
       WAIT_BITSET = 9, WAKE_BITSET = 10, PRIVATE = 128, REALTIME = 256 };

#define OWNER_DIED 0x40000000u
#define WAITERS    0x80000000u

static long futex(uint32_t *word, int op, uint32_t value, const void *time,
		  uint32_t *word2, uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, time, word2, value3);
}

static uint32_t *shared_words(void)
{
	uint32_t *w = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(w != MAP_FAILED);
	return w;
}

/* Starts n processes that sleep on word until woken. */
static void start_sleepers(uint32_t *word, int n, uint32_t bits)
{
	for (int i = 0; i < n; i++)
		if (fork() == 0)
			_exit(futex(word, WAIT_BITSET, 0, NULL, NULL, bits)
				      ? 1
				      : 0);
}

/* Wakes (or moves) until n were, for sleepers may still be on their way. */
static void wake_in_all(uint32_t *word, int op, int n, uint32_t bits)
{
	while (n > 0) {
		long woken = futex(word, op, (uint32_t)n, NULL, NULL, bits);

		CHECK(woken >= 0 && woken <= n);
		n -= (int)woken;
		usleep(1000);
	}
}

static void expect_ended(int n)
{
	int status;

	for (int i = 0; i < n; i++)
		CHECK(wait(&status) > 0 && status == 0);
	CHECK(waitpid(-1, &status, WNOHANG) <= 0);
}

PROVES(futex, "FUTEX_WAIT_BITSET, FUTEX_WAKE", "across processes")
CASE(processes_meet_on_shared_memory)
{
	uint32_t *w = shared_words();

	start_sleepers(w, 4, ~0u);
	wake_in_all(w, WAKE, 3, 0);
	expect_ended(3);
	wake_in_all(w, WAKE, 1, 0);
	expect_ended(1);
	CHECK(futex(w, WAKE, 10, NULL, NULL, 0) == 0);
}

PROVES(futex, "", "keyed by file and offset")
CASE(a_file_is_the_same_at_every_address)
{
	int fd = open("/tmp/test_futex", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint32_t *a, *b;

	CHECK(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
	a = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	b = mmap(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);
	CHECK(a != MAP_FAILED && b != MAP_FAILED);
	start_sleepers(a + PAGE / 4 + 3, 1, ~0u);
	wake_in_all(b + 3, WAKE, 1, 0);
	expect_ended(1);
	CHECK(unlink("/tmp/test_futex") == 0);
}

PROVES(futex, "FUTEX_WAKE_BITSET",
       "only those with a common bit; EINVAL for none")
CASE(bits_choose)
{
	uint32_t *w = shared_words();

	start_sleepers(w, 1, 2);
	start_sleepers(w, 1, 4);
	wake_in_all(w, WAKE_BITSET, 1, 4);
	expect_ended(1);
	CHECK(futex(w, WAKE_BITSET, 9, NULL, NULL, 4) == 0);
	wake_in_all(w, WAKE_BITSET, 1, 2);
	expect_ended(1);
	CHECK(futex(w, WAKE_BITSET, 1, NULL, NULL, 0) == -1 && errno == EINVAL);
	CHECK(futex(w, WAIT_BITSET, 0, NULL, NULL, 0) == -1 && errno == EINVAL);
}

PROVES(futex, "FUTEX_CMP_REQUEUE", "moves sleepers; EAGAIN")
CASE(sleepers_move)
{
	uint32_t *w = shared_words();
	long moved = 0;

	start_sleepers(w, 3, ~0u);
	CHECK(futex(w, CMP_REQUEUE, 0, (void *)9, w + 8, 1) == -1 &&
	      errno == EAGAIN);
	while (moved < 3) {
		long n = futex(w, CMP_REQUEUE, 0, (void *)9, w + 8, 0);

		CHECK(n >= 0);
		moved += n;
		usleep(1000);
	}
	CHECK(futex(w, WAKE, 9, NULL, NULL, 0) == 0);
	CHECK(futex(w + 8, WAKE, 9, NULL, NULL, 0) == 3);
	expect_ended(3);
}

/* op:4, compare:4, operand:12, compared with:12 */
static uint32_t order(unsigned int op, unsigned int cmp, unsigned int operand,
		      unsigned int against)
{
	return op << 28 | cmp << 24 | (operand & 4095) << 12 | (against & 4095);
}

PROVES(futex, "FUTEX_WAKE_OP", "all operations and comparisons; ENOSYS, EFAULT")
CASE(wake_and_change)
{
	enum { SET, ADD, OR, ANDN, XOR, SHIFT = 8 };
	enum { EQ, NE, LT, LE, GT, GE };
	uint32_t *w = shared_words(), *v = w + 8;

	start_sleepers(w, 1, ~0u);
	*v = 0;
	while (futex(w, WAKE_OP, 1, (void *)1, v, order(ADD, EQ, 5, 1)) == 0)
		usleep(1000);
	expect_ended(1);
	CHECK(*v % 5 == 0 && *v > 0);
	*v = 10;
	if (fork() == 0) {              /* comes again if it finds the 20 */
		while (futex(v, WAIT, 10, NULL, NULL, 0) && errno == EAGAIN)
			usleep(1000);
		_exit(0);
	}
	while (futex(w, WAKE_OP, 1, (void *)1, v, order(SET, GT, 20, 7)) == 0)
		*v = 10, usleep(1000);
	expect_ended(1);
	CHECK(*v == 20);
	CHECK(futex(w, WAKE_OP, 1, (void *)1, v, order(OR, LT, 3, -1)) == 0);
	CHECK(*v == 23);
	CHECK(futex(w, WAKE_OP, 1, (void *)1, v, order(ANDN, LE, 1, 0)) == 0);
	CHECK(*v == 22);
	CHECK(futex(w, WAKE_OP, 1, (void *)1, v, order(XOR, GE, -1, 0)) == 0);
	CHECK(*v == ~22u);
	CHECK(futex(w, WAKE_OP, 1, (void *)1, v,
		    order(SET | SHIFT, NE, 5, 0)) == 0);
	CHECK(*v == 32);
	CHECK(futex(w, WAKE_OP, 1, (void *)1, v, order(6, EQ, 0, 0)) == -1 &&
	      errno == ENOSYS);
	CHECK(futex(w, WAKE_OP, 1, (void *)1, (uint32_t *)8,
		    order(SET, EQ, 0, 0)) == -1 &&
	      errno == EFAULT);
}

PROVES(futex, "FUTEX_WAIT, FUTEX_CLOCK_REALTIME",
       "EAGAIN, EINVAL, EFAULT, ETIMEDOUT, ENOSYS")
CASE(requests_that_are_refused)
{
	const struct timespec past = { 1, 0 }, odd = { 0, 1000000000 };
	uint32_t *w = shared_words();

	CHECK(futex(w, WAIT, 1, NULL, NULL, 0) == -1 && errno == EAGAIN);
	CHECK(futex((uint32_t *)((char *)w + 1), WAIT, 0, NULL, NULL, 0) ==
		      -1 &&
	      errno == EINVAL);
	CHECK(futex((uint32_t *)8, WAKE, 1, NULL, NULL, 0) == -1 &&
	      errno == EFAULT);
	CHECK(futex((uint32_t *)8, WAIT, 0, NULL, NULL, 0) == -1 &&
	      errno == EFAULT);
	CHECK(futex(w, WAIT, 0, &odd, NULL, 0) == -1 && errno == EINVAL);
	CHECK(futex(w, WAIT_BITSET, 0, &past, NULL, ~0u) == -1 &&
	      errno == ETIMEDOUT);
	CHECK(futex(w, WAIT_BITSET | REALTIME, 0, &past, NULL, ~0u) == -1 &&
	      errno == ETIMEDOUT);
	CHECK(futex(w, WAKE | REALTIME, 1, NULL, NULL, 0) == -1 &&
	      errno == ENOSYS);
	CHECK(futex(w, 99, 0, NULL, NULL, 0) == -1 && errno == ENOSYS);
	CHECK(futex(w, REQUEUE, 1, (void *)-1l, w + 1, 0) == -1 &&
	      errno == EINVAL);
}

/* A robust mutex is a list entry with its word at a fixed distance. */
struct robust { void *next; uint32_t word; };
struct robust_head { void *next; long offset; void *pending; };

PROVES(set_robust_list, "", "the dead's words say so; EINVAL")
CASE(mutexes_of_the_dead)
{
	struct robust *m = (struct robust *)shared_words();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		static struct robust_head head;

		head.next = &m[0];
		head.offset = offsetof(struct robust, word);
		m[0].next = &m[1];
		m[1].next = &head;
		head.pending = &m[2];
		m[0].word = (uint32_t)getpid();
		m[1].word = 12345;      /* somebody else's */
		m[2].word = (uint32_t)getpid() | WAITERS;
		CHECK(syscall(SYS_set_robust_list, &head, sizeof(head)) == 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(m[0].word == OWNER_DIED && m[1].word == 12345);
	CHECK(m[2].word == (OWNER_DIED | WAITERS));
	CHECK(syscall(SYS_set_robust_list, m, 1) == -1 && errno == EINVAL);
}

PROVES(get_robust_list, "", "of the caller, of others; ESRCH, EPERM, EFAULT")
CASE(lists_of_others)
{
	static struct robust_head head;
	struct robust_head *seen = NULL;
	size_t len = 0;
	pid_t pid;

	CHECK(syscall(SYS_set_robust_list, &head, sizeof(head)) == 0);
	CHECK(syscall(SYS_get_robust_list, 0, &seen, &len) == 0);
	CHECK(seen == &head && len == sizeof(head));
	pid = fork();                   /* it has none of its own */
	if (pid == 0)
		pause();
	CHECK(syscall(SYS_get_robust_list, pid, &seen, &len) == 0);
	CHECK(seen != &head && len == sizeof(head));
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(syscall(SYS_get_robust_list, pid, &seen, &len) == -1 &&
	      errno == ESRCH);
	CHECK(syscall(SYS_get_robust_list, 0, NULL, &len) == -1 &&
	      errno == EFAULT);
	pid = fork();
	if (pid == 0) {
		CHECK(syscall(SYS_get_robust_list, getppid(), &seen, &len) ==
		      0);
		CHECK(seen == &head);
		CHECK(setresuid(1000, 1000, 1000) == 0);
		CHECK(syscall(SYS_get_robust_list, getppid(), &seen, &len) ==
			      -1 &&
		      errno == EPERM);
		_exit(0);
	}
	int status;

	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	return run_cases();
}
