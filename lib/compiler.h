/* SPDX-License-Identifier: MIT */
/*
 * Words of the compiler that the rest of the tree writes in plain English.
 *
 * Thread-safety attributes are understood by clang only and vanish elsewhere;
 * address_space and noderef are understood by sparse only.
 */
#ifndef LIB_COMPILER_H
#define LIB_COMPILER_H

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __must_check   __attribute__((warn_unused_result))
#define __noreturn     __attribute__((noreturn))
#define __packed       __attribute__((packed))
#define __aligned(n)   __attribute__((aligned(n)))
#define __used         __attribute__((used))
#define __unused       __attribute__((unused))
#define __noinline     __attribute__((noinline))
#define __force_inline inline __attribute__((always_inline))
#define __cold         __attribute__((cold))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __section(s)   __attribute__((section(s)))
#define __weak         __attribute__((weak))

/* Code and data that only boot needs; its frames go back to the buddy. */
#ifdef QUIRE_HOST
#define __init
#define __initdata
#else
#define __init     __section(".init.text") __cold
#define __initdata __section(".init.data")
#endif

/* 1 in a build with KASAN and UBSAN (make KASAN=1). */
#ifndef QUIRE_KASAN
#define QUIRE_KASAN 0
#endif

/* 1 in the explorer of tests/unit: yield points are calls (kernel/base/explore.h). */
#ifndef QUIRE_EXPLORE
#define QUIRE_EXPLORE 0
#endif

/* A function that sanitizers must leave alone (their runtimes, entry code). */
#define __no_sanitize \
	__attribute__((no_sanitize("address", "undefined", "thread")))

#ifdef __CHECKER__
#define __user  __attribute__((noderef, address_space(1)))
#define __iomem __attribute__((noderef, address_space(2)))
#define __force __attribute__((force))
#else
#define __user
#define __iomem
#define __force
#endif

#if defined(__clang__)
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
#define THREAD_ANNOTATION(x)
#endif

#define __capability(name)   THREAD_ANNOTATION(capability(name))
#define __guarded_by(l)	     THREAD_ANNOTATION(guarded_by(l))
#define __acquires_lock(...) THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define __releases_lock(...) THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define __acquires_shared(...)                                                 \
	THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define __releases_shared(...) \
	THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
#define __try_acquires(...) \
	THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define __try_acquires_shared(...) \
	THREAD_ANNOTATION(try_acquire_shared_capability(__VA_ARGS__))
#define __needs_lock(...)   THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define __needs_shared(...) \
	THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define __excludes_lock(...) THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define __no_thread_safety  THREAD_ANNOTATION(no_thread_safety_analysis)

#define static_assert _Static_assert

#define barrier() __asm__ volatile("" : : : "memory")

/* One untorn access that the compiler neither repeats nor leaves out. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

#endif
