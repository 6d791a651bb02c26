/* SPDX-License-Identifier: MIT */
/* kernel/fs: names, paths, contents, and what is left when they go. */
#include "kernel/base/inject.h"
#include "mm/frames/kmalloc.h"
#include "tests/kernel/fsbox.h"

static int box_touch(const char *name)
{
	struct file *f;
	int err = box_file(name, O_RDWR | O_CREAT | O_EXCL, &f);

	if (!err)
		file_put(f);
	return err;
}

/* ---- names ------------------------------------------------------------------------ */

TEST(vfs, a_name_comes_and_goes)
{
	u64 before;

	EXPECT(box_open());
	before = inode_count();
	EXPECT_EQ(box_look("a"), -ENOENT);
	EXPECT_EQ(box_touch("a"), 0);
	EXPECT_EQ(box_look("a"), 0);
	EXPECT_EQ(box_touch("a"), -EEXIST);
	EXPECT_EQ(box_dir("a"), -EEXIST);
	EXPECT_EQ(box_remove("a", true), -ENOTDIR);
	EXPECT_EQ(box_remove("a", false), 0);
	EXPECT_EQ(box_look("a"), -ENOENT);
	EXPECT_EQ(box_remove("a", false), -ENOENT);
	EXPECT_EQ(inode_count(), before);
	box_close();
}

TEST(vfs, directories_count_their_links)
{
	struct inode *d;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box->nlink, 3);
	EXPECT_EQ(box_find("d", 0, &d), 0);
	EXPECT_EQ(d->nlink, 2);
	EXPECT_EQ(tmpfs_create(d, "e", 1, S_IFDIR | 0755, 0, NULL), 0);
	EXPECT_EQ(d->nlink, 3);
	EXPECT_EQ(box_remove("d", false), -EISDIR);
	EXPECT_EQ(box_remove("d", true), -ENOTEMPTY);
	EXPECT_EQ(names_remove(d, "e", 1, true), 0);
	EXPECT_EQ(box_remove("d", true), 0);
	EXPECT_EQ(box->nlink, 2);
	/* Removed, but still here: nothing can be made in it any more. */
	EXPECT_EQ(d->nlink, 0);
	EXPECT_EQ(tmpfs_create(d, "f", 1, S_IFREG | 0644, 0, NULL), -ENOENT);
	EXPECT_SOUND(names_check(d));
	EXPECT_SOUND(names_check(box));
	inode_put(d);
	box_close();
}

TEST(vfs, a_file_has_all_its_names)
{
	struct inode *inode;

	EXPECT(box_open());
	EXPECT_EQ(box_touch("a"), 0);
	EXPECT_EQ(box_find("a", 0, &inode), 0);
	EXPECT_EQ(names_add(box, "b", 1, inode), 0);
	EXPECT_EQ(names_add(box, "b", 1, inode), -EEXIST);
	EXPECT_EQ(inode->nlink, 2);
	EXPECT_EQ(box_remove("a", false), 0);
	EXPECT_EQ(inode->nlink, 1);
	EXPECT_EQ(box_look("b"), 0);
	EXPECT_SOUND(names_check(box));
	EXPECT_EQ(inode->refs, 2);      /* the name b, and ours */
	inode_put(inode);
	box_close();
}

struct listing { char text[64]; size_t len, room; u64 cookie; };

static bool listing_add(void *ctx, const struct dir_item *item)
{
	struct listing *l = ctx;

	if (!l->room)
		return false;
	l->room--;
	memcpy(l->text + l->len, item->name, item->len);
	l->len += item->len;
	l->text[l->len] = 0;
	l->cookie = item->cookie;
	return true;
}

TEST(vfs, a_listing_goes_on_where_it_stopped)
{
	struct listing l = { .room = 1 };

	EXPECT(box_open());
	EXPECT_EQ(box_touch("c"), 0);
	EXPECT_EQ(box_touch("a"), 0);
	EXPECT_EQ(box_touch("b"), 0);
	names_list(box, l.cookie, listing_add, &l);
	EXPECT_EQ(strcmp(l.text, "c"), 0);
	l.room = 1;
	names_list(box, l.cookie, listing_add, &l);
	EXPECT_EQ(strcmp(l.text, "ca"), 0);
	/* What it has shown last goes, what it has shown comes again. */
	EXPECT_EQ(box_remove("a", false), 0);
	EXPECT_EQ(box_remove("c", false), 0);
	EXPECT_EQ(box_touch("c"), 0);
	l.room = 9;
	names_list(box, l.cookie, listing_add, &l);
	EXPECT_EQ(strcmp(l.text, "cabc"), 0);
	box_close();
}

TEST(vfs, many_names_in_one_directory)
{
	char name[8] = "n000";

	EXPECT(box_open());
	for (int i = 0; i < 1000; i++) {
		name[1] = (char)('0' + i * 7 % 1000 / 100);
		name[2] = (char)('0' + i * 7 % 100 / 10);
		name[3] = (char)('0' + i * 7 % 10);
		EXPECT_EQ(box_touch(name), 0);
	}
	EXPECT_SOUND(names_check(box));
	EXPECT_EQ(box_look("n999"), 0);
	EXPECT_EQ(box_look("n99"), -ENOENT);
	EXPECT_EQ(box_look("n1000"), -ENOENT);
	box_close();
}

TEST(vfs, the_last_name_is_remembered)
{
	struct file *f;
	char path[64];

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_file("d/f", O_RDWR | O_CREAT, &f), 0);
	EXPECT_EQ(strcmp(inode_path(f->inode, path, sizeof(path)), "/d/f"), 0);
	EXPECT_EQ(strcmp(inode_path(f->inode, path, 4), "(to"), 0);
	box_empty(box);
	EXPECT_EQ(box_look("d"), -ENOENT);
	EXPECT_EQ(strcmp(inode_path(f->inode, path, sizeof(path)),
			 "/d/f (deleted)"),
		  0);
	file_put(f);                    /* and with it the removed directory */
	box_close();
}

TEST(vfs, a_name_may_float)
{
	struct inode *inode;
	char path[64];
	u64 before;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	before = inode_count();
	EXPECT_EQ(tmpfs_create_inode(S_IFREG | 0777, 0, &inode), 0);
	EXPECT_EQ(names_float(inode, box, "memfd:x", 7, DIRENT_REMOVED), 0);
	EXPECT_EQ(box->refs, 2);        /* the name's, and ours */
	EXPECT_EQ(strcmp(inode_path(inode, path, sizeof(path)),
			 "/memfd:x (deleted)"),
		  0);
	EXPECT_EQ(box_look("memfd:x"), -ENOENT);
	inode_put(inode);
	EXPECT_EQ(box->refs, 1);
	EXPECT_EQ(inode_count(), before);
	box_close();
}

/* ---- renaming ---------------------------------------------------------------------- */

TEST(vfs, rename_moves_and_replaces)
{
	struct inode *a, *found;

	EXPECT(box_open());
	EXPECT_EQ(box_touch("a"), 0);
	EXPECT_EQ(box_touch("b"), 0);
	EXPECT_EQ(box_find("a", 0, &a), 0);
	EXPECT_EQ(box_rename("a", "b", RENAME_NOREPLACE), -EEXIST);
	EXPECT_EQ(box_rename("a", "b", 0), 0);
	EXPECT_EQ(box_look("a"), -ENOENT);
	EXPECT_EQ(box_find("b", 0, &found), 0);
	EXPECT(found == a);
	EXPECT_EQ(a->nlink, 1);
	EXPECT_EQ(box_rename("b", "b", 0), 0);
	EXPECT_EQ(box_rename("x", "y", 0), -ENOENT);
	EXPECT_SOUND(names_check(box));
	inode_put(found);
	inode_put(a);
	box_close();
}

TEST(vfs, rename_knows_directories)
{
	struct inode *d, *e;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_touch("f"), 0);
	EXPECT_EQ(box_find("d", 0, &d), 0);
	EXPECT_EQ(tmpfs_create(d, "e", 1, S_IFDIR | 0755, 0, &e), 0);
	EXPECT_EQ(box_rename("d", "f", 0), -ENOTDIR);
	EXPECT_EQ(box_rename("f", "d", 0), -EISDIR);
	EXPECT_EQ(names_rename(box, "d", 1, e, "x", 1, 0), -EINVAL);
	EXPECT_EQ(names_rename(box, "d", 1, d, "x", 1, 0), -EINVAL);
	EXPECT_EQ(box_dir("g"), 0);
	EXPECT_EQ(box_rename("g", "d", 0), -ENOTEMPTY);
	EXPECT_EQ(box_rename("d", "g", 0), 0);
	EXPECT_EQ(box->nlink, 3);
	/* e up into the box: both directories count anew. */
	EXPECT_EQ(names_rename(d, "e", 1, box, "e", 1, 0), 0);
	EXPECT_EQ(d->nlink, 2);
	EXPECT_EQ(box->nlink, 4);
	EXPECT_SOUND(names_check(box));
	EXPECT_SOUND(names_check(d));
	inode_put(e);
	inode_put(d);
	box_close();
}

TEST(vfs, rename_exchanges)
{
	struct inode *d, *in_d;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_find("d", 0, &d), 0);
	EXPECT_EQ(tmpfs_create(d, "sub", 3, S_IFDIR | 0755, 0, &in_d), 0);
	EXPECT_EQ(box_touch("f"), 0);
	EXPECT_EQ(names_rename(box, "d", 1, d, "sub", 3, RENAME_EXCHANGE),
		  -EINVAL);
	EXPECT_EQ(names_rename(d, "sub", 3, box, "d", 1, RENAME_EXCHANGE),
		  -EINVAL);
	EXPECT_EQ(names_rename(box, "f", 1, box, "x", 1, RENAME_EXCHANGE),
		  -ENOENT);
	EXPECT_EQ(names_rename(box, "f", 1, d, "sub", 3, RENAME_EXCHANGE), 0);
	EXPECT_EQ(d->nlink, 2);
	EXPECT_EQ(in_d->nlink, 2);
	EXPECT_SOUND(names_check(box));
	EXPECT_SOUND(names_check(d));
	inode_put(in_d);
	inode_put(d);
	box_close();
}

/* ---- paths ---------------------------------------------------------------------------- */

TEST(vfs, paths_walk_both_ways)
{
	char name[NAME_MAX + 2];
	struct inode *d;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_touch("d/f"), 0);
	EXPECT_EQ(box_look("d/f"), 0);
	EXPECT_EQ(box_look("./d/.././d//f"), 0);
	EXPECT_EQ(box_look("../../d/f"), 0);    /* a root is its own parent */
	EXPECT_EQ(box_look("d/"), 0);
	EXPECT_EQ(box_look("d/f/"), -ENOTDIR);
	EXPECT_EQ(box_look("d/f/g"), -ENOTDIR);
	EXPECT_EQ(box_look("d/f/.."), -ENOTDIR);
	EXPECT_EQ(box_look("x/y"), -ENOENT);
	EXPECT_EQ(box_look(""), -ENOENT);
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = 0;
	EXPECT_EQ(box_look(name), -ENAMETOOLONG);
	name[NAME_MAX] = 0;
	EXPECT_EQ(box_look(name), -ENOENT);
	EXPECT_EQ(box_touch(name), 0);
	EXPECT_EQ(box_look(name), 0);
	/* No walk has kept a reference. */
	EXPECT_EQ(box_find("d", 0, &d), 0);
	EXPECT_EQ(d->refs, 2);
	EXPECT_EQ(box->refs, 1);
	inode_put(d);
	box_close();
}

TEST(vfs, links_are_followed_to_the_end)
{
	struct inode *inode;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_touch("d/f"), 0);
	EXPECT_EQ(box_symlink("to_f", "d/f"), 0);
	EXPECT_EQ(box_symlink("to_d", "./d"), 0);
	EXPECT_EQ(box_symlink("to_to_d", "to_d/"), 0);
	EXPECT_EQ(box_symlink("nowhere", "x/y"), 0);
	EXPECT_EQ(box_symlink("root", "/"), 0);
	EXPECT_EQ(box_look("to_f"), 0);
	EXPECT_EQ(box_look("to_f/"), -ENOTDIR);
	EXPECT_EQ(box_look("to_to_d/f"), 0);
	EXPECT_EQ(box_look("to_d/../to_f"), 0);
	EXPECT_EQ(box_look("nowhere"), -ENOENT);
	EXPECT_EQ(box_find("root", PATH_FOLLOW, &inode), 0);
	EXPECT(inode == root_inode);
	inode_put(inode);
	EXPECT_EQ(box_find("nowhere", 0, &inode), 0);
	EXPECT_EQ(inode->type, INODE_LINK);
	inode_put(inode);
	EXPECT_EQ(box_find("to_d/", 0, &inode), 0); /* "/" follows */
	EXPECT_EQ(inode->type, INODE_DIR);
	inode_put(inode);
	box_close();
}

TEST(vfs, links_in_circles_end)
{
	char name[3] = "c0", target[3] = "c0";
	struct file *f;

	EXPECT(box_open());
	EXPECT_EQ(box_symlink("a", "b"), 0);
	EXPECT_EQ(box_symlink("b", "a"), 0);
	EXPECT_EQ(box_look("a"), -ELOOP);
	/* "m/rest": each turn makes the path longer, none an overflow. */
	EXPECT_EQ(box_symlink("m", "m/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
		  0);
	EXPECT_EQ(box_look("m"), -ELOOP);
	/* 40 links are still fine, the 41st is not. */
	for (int i = 1; i <= 41; i++) {
		name[1] = (char)('0' + i);
		target[1] = (char)('0' + i - 1);
		EXPECT_EQ(box_symlink(name, target), 0);
	}
	EXPECT_EQ(box_touch("c0"), 0);
	name[1] = '0' + 40;
	EXPECT_EQ(box_look(name), 0);
	name[1] = '0' + 41;
	EXPECT_EQ(box_look(name), -ELOOP);
	EXPECT_EQ(box_file("a", O_RDONLY | O_NOFOLLOW, &f), -ELOOP);
	box_close();
}

/* "./././…d", then what follows: exactly as long as a path may be, or more. */
TEST(vfs, a_link_may_fill_the_path)
{
	char *target = kzalloc(PATH_MAX, GFP_KERNEL);
	size_t len = PATH_MAX - 1 - strlen("/f");

	EXPECT(target && box_open());
	for (size_t i = 0; i < len - 1; i++)
		target[i] = (len - 1 - i) % 2 ? '/' : '.';
	target[0] = '.';
	target[len - 1] = 'd';
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_touch("d/f"), 0);
	EXPECT_EQ(box_symlink("long", target), 0);
	EXPECT_EQ(box_look("long/f"), 0);
	EXPECT_EQ(box_look("long//f"), -ENAMETOOLONG);
	box_close();
	kfree(target);
}

TEST(vfs, open_checks_before_it_changes)
{
	struct file *f;

	EXPECT(box_open());
	EXPECT_EQ(box_dir("d"), 0);
	EXPECT_EQ(box_symlink("dangling", "made"), 0);
	EXPECT_EQ(box_file("d", O_WRONLY, &f), -EISDIR);
	EXPECT_EQ(box_file("d", O_RDONLY | O_CREAT, &f), -EISDIR);
	EXPECT_EQ(box_file("new/", O_RDWR | O_CREAT, &f), -EISDIR);
	EXPECT_EQ(box_file("x/new", O_RDWR | O_CREAT, &f), -ENOENT);
	EXPECT_EQ(box_file("dangling", O_RDWR | O_CREAT | O_EXCL, &f), -EEXIST);
	EXPECT_EQ(box_file("dangling", O_RDWR | O_CREAT, &f), 0);
	file_put(f);
	EXPECT_EQ(box_look("made"), 0);
	EXPECT_EQ(box_file("made", O_RDONLY | O_DIRECTORY, &f), -ENOTDIR);
	EXPECT_EQ(box_file("made", O_RDONLY, &f), 0);
	EXPECT_EQ(box_write(f, "x", 1), -EBADF);
	file_put(f);
	EXPECT_EQ(box_file("made", O_PATH, &f), 0);
	EXPECT_EQ(box_read(f, NULL, 1), -EBADF);
	file_put(f);
	box_close();
}

/* ---- contents ---------------------------------------------------------------------------- */

TEST(vfs, what_is_written_is_read)
{
	struct file *f;
	char buf[16] = "";

	EXPECT(box_open());
	EXPECT_EQ(box_file("f", O_RDWR | O_CREAT, &f), 0);
	EXPECT_EQ(box_write(f, "hello", 5), 5);
	EXPECT_EQ(box_read(f, buf, sizeof(buf)), 0);
	f->pos = 1;
	EXPECT_EQ(box_read(f, buf, sizeof(buf)), 4);
	EXPECT_EQ(strcmp(buf, "ello"), 0);
	file_put(f);
	EXPECT_EQ(box_file("f", O_RDWR | O_APPEND, &f), 0);
	EXPECT_EQ(box_write(f, "!", 1), 1);
	EXPECT_EQ(f->pos, 6);
	file_put(f);
	EXPECT_EQ(box_file("f", O_RDWR | O_TRUNC, &f), 0);
	EXPECT_EQ(inode_size(f->inode), 0);
	EXPECT_EQ(inode_blocks(f->inode), 0);
	file_put(f);
	box_close();
}

TEST(vfs, holes_are_zero_and_cost_nothing)
{
	static u8 page[4096];
	struct file *f;

	EXPECT(box_open());
	EXPECT_EQ(box_file("f", O_RDWR | O_CREAT, &f), 0);
	f->pos = GIB(1) + 4095;
	EXPECT_EQ(box_write(f, "ab", 2), 2);    /* over a page boundary */
	EXPECT_EQ(inode_size(f->inode), GIB(1) + 4097);
	EXPECT_EQ(inode_blocks(f->inode), 16);
	memset(page, 1, sizeof(page));
	EXPECT_EQ(file_read_kernel(f, GIB(1) - 4096, page, 4096), 4096);
	for (u32 i = 0; i < sizeof(page); i++)
		EXPECT_EQ(page[i], 0);
	EXPECT_EQ(file_read_kernel(f, GIB(1) + 4094, page, 4096), 3);
	EXPECT_EQ(page[0], 0);
	EXPECT_EQ(page[1], 'a');
	EXPECT_EQ(page[2], 'b');
	EXPECT_SOUND(mapping_check(&f->inode->mapping));
	file_put(f);
	box_close();
}

TEST(vfs, truncation_forgets)
{
	struct file *f;
	char c = 1;

	EXPECT(box_open());
	EXPECT_EQ(box_file("f", O_RDWR | O_CREAT, &f), 0);
	EXPECT_EQ(box_write(f, "abcdef", 6), 6);
	EXPECT_EQ(tmpfs_truncate(f->inode, 2), 0);
	EXPECT_EQ(tmpfs_truncate(f->inode, 9000), 0);
	EXPECT_EQ(file_read_kernel(f, 1, &c, 1), 1);
	EXPECT_EQ(c, 'b');
	EXPECT_EQ(file_read_kernel(f, 2, &c, 1), 1);
	EXPECT_EQ(c, 0);
	EXPECT_EQ(tmpfs_truncate(f->inode, TMPFS_MAX_SIZE + 1), -EFBIG);
	EXPECT_EQ(tmpfs_allocate(f->inode, 0, 9000, false), 0);
	EXPECT_EQ(inode_blocks(f->inode), 3 * 8);
	EXPECT_EQ(tmpfs_allocate(f->inode, 0, TMPFS_MAX_SIZE, false), -ENOSPC);
	f->pos = TMPFS_MAX_SIZE;
	EXPECT_EQ(box_write(f, "x", 1), -EFBIG);
	file_put(f);
	box_close();
}

TEST(vfs, an_open_file_outlives_its_name)
{
	u64 pages, inodes;
	struct file *f;
	char c = 0;

	EXPECT(box_open());
	pages = mapping_total_pages;
	inodes = inode_count();
	EXPECT_EQ(box_file("f", O_RDWR | O_CREAT, &f), 0);
	EXPECT_EQ(box_write(f, "x", 1), 1);
	EXPECT_EQ(box_remove("f", false), 0);
	EXPECT_EQ(file_read_kernel(f, 0, &c, 1), 1);
	EXPECT_EQ(c, 'x');
	EXPECT_EQ(mapping_total_pages, pages + 1);
	file_put(f);
	EXPECT_EQ(mapping_total_pages, pages);
	EXPECT_EQ(inode_count(), inodes);
	box_close();
}

enum { MODEL_SIZE = 40000, MODEL_ROUNDS = 600 };

static u64 vfs_draw(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Random writes, truncations and reads against an array that does the same. */
TEST(vfs, contents_follow_a_model)
{
	u8 *model = kzalloc(MODEL_SIZE, GFP_KERNEL);
	u8 *buf = kzalloc(MODEL_SIZE, GFP_KERNEL);
	u64 state = 88172645463325252, size = 0;
	struct file *f;

	EXPECT(model && buf && box_open());
	EXPECT_EQ(box_file("f", O_RDWR | O_CREAT, &f), 0);
	for (int round = 0; round < MODEL_ROUNDS; round++) {
		u64 pos = vfs_draw(&state) % MODEL_SIZE;
		u64 len = vfs_draw(&state) % (MODEL_SIZE - pos + 1);

		if (vfs_draw(&state) % 4 == 0) {
			if (pos < size)
				memset(model + pos, 0, size - pos);
			size = pos;
			EXPECT_EQ(tmpfs_truncate(f->inode, size), 0);
		} else {
			len = len >> vfs_draw(&state) % 12;
			memset(buf, (int)(round + 1), len);
			memset(model + pos, (int)(round + 1), len);
			size = len ? MAX(size, pos + len) : size;
			f->pos = pos;
			EXPECT_EQ(box_write(f, buf, len), len);
		}
		EXPECT_EQ(inode_size(f->inode), size);
		EXPECT_EQ(file_read_kernel(f, 0, buf, MODEL_SIZE), size);
		EXPECT_EQ(memcmp(buf, model, size), 0);
	}
	EXPECT_SOUND(mapping_check(&f->inode->mapping));
	file_put(f);
	box_close();
	kfree(model);
	kfree(buf);
}

/* ---- out of memory ------------------------------------------------------------------------ */

/* Everything that allocates; the first error. */
static int all_that_allocates(void)
{
	struct file *f = NULL;
	int err = box_dir("d");

	if (!err)
		err = box_symlink("l", "d/f");
	if (!err)
		err = box_file("l", O_RDWR | O_CREAT, &f);
	if (!err && box_write(f, "contents", 8) != 8)
		err = -ENOMEM;
	if (!err)
		err = names_add(box, "hard", 4, f->inode);
	if (!err)
		err = box_rename("hard", "harder", 0);
	if (!err)
		err = tmpfs_truncate(f->inode, 4);
	if (!err)
		err = tmpfs_allocate(f->inode, 0, 8192, false);
	if (f)
		file_put(f);
	return err;
}

TEST(vfs, every_allocation_may_fail)
{
	bool fired = true;
	u64 n, inodes;
	int err;

	for (n = 1; fired; n++) {
		EXPECT(box_open());
		inodes = inode_count();
		inject_arm(n);
		err = all_that_allocates();
		inject_disarm();
		fired = inject_fired;
		EXPECT(!err || err == -ENOMEM || err == -ENOSPC);
		EXPECT(fired || !err);  /* a failure may find a way around */
		EXPECT_SOUND(names_check(box));
		box_empty(box);
		EXPECT_EQ(inode_count(), inodes);
		box_close();
	}
	EXPECT(n > 12);
}
