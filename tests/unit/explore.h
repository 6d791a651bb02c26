/* SPDX-License-Identifier: MIT */
/*
 * The interleaving explorer: what its files share.
 *
 *	explore.c        scenarios, one run after the other, the command line
 *	explore_order.c  actors, and who goes on at a yield point
 *	explore_tlb.c    which stale translations are lawful just now
 *	explore_ops.c    the operations, on the kernel and on the reference
 *	explore_judge.c  is there an order of the operations that explains all?
 */
#ifndef TESTS_UNIT_EXPLORE_H
#define TESTS_UNIT_EXPLORE_H

#include "kernel/base/explore.h"
#include "kernel/base/thread.h"
#include "tests/kernel/space.h"
#include "tests/unit/model.h"

#define ACTORS	   4 /* each on a CPU of its own: 1 … 4 */
#define ACTOR_OPS  6
#define MAX_OPS	   (ACTORS * ACTOR_OPS)
#define MAX_SWITCH 400

/* ---- explore_order.c ---------------------------------------------------- */

/* Where another actor took over: at the n-th look around. */
struct taken_over {
	u32 step;
	u8 actor;
};

/* How a run decides; and what it decided, which decides the same again. */
struct order {
	u64 seed;
	bool given; /* only `taken` counts */
	bool deep;  /* look around in the allocators too */
	u32 nr;
	struct taken_over taken[MAX_SWITCH];
};

void order_init(void);
/* All that a run draws: 0 … n - 1. */
void dice_seed(u64 seed);
u64 dice(u64 n);
/* Runs fn(n) for n in [0, nr) as actors; returns when all have. */
void order_run(struct order *o, unsigned int nr, void (*fn)(unsigned int n));
/* A look around: somebody else may go on. what: a word for the trace. */
void order_step(const char *what, const char *detail);
/* The actor that runs, or -1: the program itself. */
int order_actor(void);
struct thread *order_thread(unsigned int actor);
/* The program goes on as the CPU of this actor; -1: as CPU 0. */
void order_stand_on(int actor);
void order_print_trace(void);
u64 order_trace_hash(void);
u32 order_steps(void);

/* ---- explore_tlb.c ------------------------------------------------------ */

void stale_init(void);
void stale_run_begins(void);
/* The actor's operation returned: what it took away nobody may have now. */
void stale_settle(int actor);

/* ---- explore_ops.c ------------------------------------------------------ */

#define BASE	   (GIB(1) - 2 * PAGE_SIZE) /* two pages in one table, */
#define PAGES	   12			    /* ten in the next */
#define AT(page)   (BASE + (page)*PAGE_SIZE)
#define LOWEST	   (GIB(1) - MIB(2)) /* of the table of AT(0) */
#define BYTE	   1234 /* offset of the byte that counts */
#define FILE_PAGES 2
#define SPACES	   (2 + MAX_OPS) /* P, C, and what fork makes */

/* One operation of one actor. The kinds are letters: explore_ops.c. */
struct op {
	char kind;
	u8 page;
	u8 space; /* 0: P, 1: C */
	u8 value; /* written bytes differ all */
	u8 actor, number;
	int result;
	u32 begun, ended; /* ticks: what was before what */
};

struct script {
	unsigned int nr_actors;
	unsigned int nr_ops[ACTORS];
	struct op op[ACTORS][ACTOR_OPS];
	bool has_child; /* space C exists */
	bool allocates; /* frames or objects, for their own sake */
	bool child_exits;
};

enum page_kind { KIND_ANON, KIND_SHARED, KIND_PRIVATE };

struct ref_page {
	bool mapped, own;
	u8 prot, kind, index, byte;
	u8 twin; /* 1 + page that is the same frame */
};

/* Everything that an operation may depend on. */
struct ref_state {
	struct ref_page page[SPACES][PAGES];
	u64 alive; /* bit n: space n */
	u8 file[FILE_PAGES];
	u8 file_pages;
	u8 truncating; /* truncations under way */
};

extern struct mm *spaces[SPACES];
extern struct mapping *file;

/* false: no such script. Operations with page '?' draw one. */
bool script_parse(const char *text, struct script *s);
void script_text(const struct script *s, char *buf, size_t size);
const char *op_text(const struct op *op);
int op_run(struct op *op);
/* How many moments it takes; phase: 0, or 1 for the second. */
unsigned int op_phases(const struct op *op);
int op_ref(const struct op *op, unsigned int phase, struct ref_state *s);
int ref_read(const struct ref_state *s, unsigned int space, unsigned int page);

/* ---- explore_judge.c ---------------------------------------------------- */

/* What a look at all spaces found when everything was over. */
struct outcome {
	bool mapped[SPACES][PAGES];
	u8 prot[SPACES][PAGES];
	int byte[SPACES][PAGES];
	u64 alive;
};

/* Whether some order of the operations gives their results and the outcome. */
bool judge(const struct script *s, const struct ref_state *first,
	   const struct outcome *end);

/* ---- explore.c ---------------------------------------------------------- */

/* The run failed: says how, shows seed and trace, and does not return. */
void __noreturn explore_fail(const char *fmt, ...) __printf(1, 2);

#endif
