/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/pagemap: for each page of a space one word that names its frame; and
 * clear_refs: which pages are used from now on?
 *
 *	63 present  61 of a file or shared  56 mapped once  54…0 frame number
 */
#ifndef MM_SPACES_PAGEMAP_H
#define MM_SPACES_PAGEMAP_H

#include "lib/types.h"

struct mm;

#define PAGEMAP_PRESENT   ((u64)1 << 63)
#define PAGEMAP_FILE      ((u64)1 << 61)
#define PAGEMAP_EXCLUSIVE ((u64)1 << 56)

/* Every page looks as if nobody had used it: of anonymous VMAs, of files'. */
int __must_check mm_clear_young(struct mm *mm, bool anon, bool files);

void mm_pagemap(struct mm *mm, vaddr_t start, u64 *word, size_t nr);

#endif
