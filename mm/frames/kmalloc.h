/* SPDX-License-Identifier: MIT */
/*
 * Memory by the byte: size classes over the object caches.
 *
 * Classes 8 16 32 64 96 128 192 256 512 1k 2k 4k 8k; larger requests are blocks of
 * pages (PAGE_LARGE). A class of 2^n is aligned to 2^n.
 */
#ifndef MM_FRAMES_KMALLOC_H
#define MM_FRAMES_KMALLOC_H

#include "mm/frames/page_alloc.h"

/* All return NULL on failure; context as page_alloc. size 0 gives
 * KMALLOC_ZERO, which kfree takes. */
void *__must_check kmalloc(size_t size, gfp_t gfp);
void *__must_check kzalloc(size_t size, gfp_t gfp);
void *__must_check kcalloc(size_t n, size_t size, gfp_t gfp);    /* overflow: NULL */
/* Contents kept up to the smaller size; NULL leaves ptr as it was. */
void *__must_check krealloc(void *ptr, size_t size, gfp_t gfp);
void kfree(const void *ptr);            /* NULL is fine */
size_t ksize(const void *ptr);          /* usable bytes */
char *__must_check kstrdup(const char *s, gfp_t gfp);

#define KMALLOC_ZERO ((void *)16)

void kmalloc_init(void);                /* from slab_init() */

#endif
