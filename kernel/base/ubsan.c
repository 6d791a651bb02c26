/* SPDX-License-Identifier: MIT */
/*
 * UBSAN: undefined behaviour, named at the place where it happens.
 *
 * Built with make KASAN=1 the compiler checks what C leaves undefined and
 * calls __ubsan_handle_… when it happens. Names and arguments are gcc's; each
 * handler gets a record that begins with the place in the source, and the
 * operands. All we want is one line: kind, file, line, operands.
 *
 * The handlers must not be instrumented themselves (NO_SANITIZE in the
 * Makefile). Nothing calls them in other builds, so the linker drops them.
 */
#include "kernel/base/panic.h"
#include "lib/types.h"

/* Where in the source; the head of every record. */
struct ubsan_place {
	const char *file;
	u32 line;
	u32 column;
};

/* Values that fit a word come as such; larger ones as pointers. */
typedef uintptr_t ubsan_value;

static void ubsan_report(const struct ubsan_place *at, const char *what,
			 ubsan_value a, ubsan_value b)
{
	kernel_report("ubsan", "%s at %s:%u:%u (%#llx, %#llx)", what, at->file,
		      at->line, at->column, (unsigned long long)a,
		      (unsigned long long)b);
}

/* What the compiler calls: a prototype, and one line of body. */
#define UBSAN_HANDLER(name, what, a, b, ...)                            \
	void __ubsan_handle_##name(const struct ubsan_place *at,        \
				   ##__VA_ARGS__);                      \
	void __ubsan_handle_##name(const struct ubsan_place *at,        \
				   ##__VA_ARGS__)                       \
	{                                                               \
		ubsan_report(at, what, a, b);                           \
	}

UBSAN_HANDLER(add_overflow, "signed addition overflows", l, r, ubsan_value l,
	      ubsan_value r)
UBSAN_HANDLER(sub_overflow, "signed subtraction overflows", l, r,
	      ubsan_value l, ubsan_value r)
UBSAN_HANDLER(mul_overflow, "signed multiplication overflows", l, r,
	      ubsan_value l, ubsan_value r)
UBSAN_HANDLER(divrem_overflow, "division by zero or overflow", l, r,
	      ubsan_value l, ubsan_value r)
UBSAN_HANDLER(negate_overflow, "negation overflows", v, 0, ubsan_value v)
UBSAN_HANDLER(pointer_overflow, "pointer arithmetic wraps", base, result,
	      ubsan_value base, ubsan_value result)
UBSAN_HANDLER(shift_out_of_bounds, "shift by more than the width", l, r,
	      ubsan_value l, ubsan_value r)
UBSAN_HANDLER(out_of_bounds, "index outside of the array", index, 0,
	      ubsan_value index)
UBSAN_HANDLER(vla_bound_not_positive, "array of no positive length", bound, 0,
	      ubsan_value bound)
UBSAN_HANDLER(load_invalid_value, "bool or enum with an impossible value", v,
	      0, ubsan_value v)
UBSAN_HANDLER(builtin_unreachable, "unreachable code was reached", 0, 0)
UBSAN_HANDLER(missing_return, "function ends without a value", 0, 0)
UBSAN_HANDLER(invalid_builtin, "zero given to a count of zero bits", 0, 0)
UBSAN_HANDLER(nonnull_arg, "NULL for an argument that must not be", 0, 0)

/* The record of a bad pointer says what was done with it. */
struct ubsan_type_mismatch {
	struct ubsan_place at;
	const void *type;
	u8 log_alignment;
	u8 access;                      /* index below */
};

static const char *const ubsan_accesses[] = {
	"load through a bad pointer",
	"store through a bad pointer",
	"reference to a bad pointer",
	"member of a bad pointer",
	"call of a member of a bad pointer",
	"constructor on a bad pointer",
	"downcast of a bad pointer",
};

void __ubsan_handle_type_mismatch_v1(const struct ubsan_type_mismatch *m,
				     ubsan_value pointer);
void __ubsan_handle_type_mismatch_v1(const struct ubsan_type_mismatch *m,
				     ubsan_value pointer)
{
	ubsan_report(&m->at,
		     m->access < array_size(ubsan_accesses)
			     ? ubsan_accesses[m->access]
			     : "use of a bad pointer",
		     pointer, (u64)1 << m->log_alignment);
}

/* The place of the return statement comes as a second argument. */
void __ubsan_handle_nonnull_return_v1(const void *attribute,
				      const struct ubsan_place *at);
void __ubsan_handle_nonnull_return_v1(const void *attribute,
				      const struct ubsan_place *at)
{
	ubsan_report(at, "NULL returned where it must not be", 0, 0);
}
