/* SPDX-License-Identifier: MIT */
/* lib/cpio.c and kernel/fs/initramfs.c: from an archive to files, or to one
 * line that says what is wrong with it. */
#include "kernel/fs/initramfs.h"
#include "lib/cpio.h"
#include "lib/format.h"
#include "tests/kernel/fsbox.h"

/* ---- making archives ------------------------------------------------------------------ */

static char image[8192];
static size_t image_len;

static void image_pad(size_t align)
{
	while (image_len % align)
		image[image_len++] = 0;
}

/* One entry; returns the offset of its header. */
static size_t image_add(const char *name, u32 mode, u32 ino, u32 nlink,
			const char *data)
{
	size_t start = image_len, size = strlen(data);

	image_len += (size_t)fmt_snprintf(
		image + image_len, sizeof(image) - image_len,
		"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		ino, mode, 0, 0, nlink, 1000000000, size, 0, 1, 5, 1,
		strlen(name) + 1, 0);
	memcpy(image + image_len, name, strlen(name) + 1);
	image_len += strlen(name) + 1;
	image_pad(4);
	memcpy(image + image_len, data, size);
	image_len += size;
	image_pad(4);
	return start;
}

static void image_end(void)
{
	image_add("TRAILER!!!", 0, 0, 1, "");
}

static int image_unpack(struct initramfs_stat *st)
{
	return initramfs_unpack(box, image, image_len, st);
}

static void image_begin(void)
{
	image_len = 0;
}

/* Does the file hold exactly this text? */
static bool box_holds(const char *path, const char *text)
{
	char buf[64] = "";
	struct file *f;
	long n;

	if (box_file(path, O_RDONLY, &f))
		return false;
	n = box_read(f, buf, sizeof(buf) - 1);
	file_put(f);
	return n == (long)strlen(text) && !strcmp(buf, text);
}

/* ---- sound archives ---------------------------------------------------------------------- */

TEST(cpio, files_links_directories_devices)
{
	struct initramfs_stat st;
	struct inode *inode;

	EXPECT(box_open());
	image_begin();
	image_add(".", S_IFDIR | 0755, 1, 2, "");
	image_add("bin", S_IFDIR | 0700, 2, 2, "");
	image_add("bin/tool", S_IFREG | 0755, 3, 1, "tool's text");
	image_add("sh", S_IFLNK | 0777, 4, 1, "bin/tool");
	image_add("con", S_IFCHR | 0600, 5, 1, "");
	image_add("pipe", S_IFIFO | 0600, 6, 1, "");
	image_end();
	EXPECT_EQ(image_unpack(&st), 0);
	EXPECT_EQ(st.files, 1);
	EXPECT_EQ(st.dirs, 1);
	EXPECT_EQ(st.links, 1);
	EXPECT_EQ(st.devices, 2);
	EXPECT_EQ(st.bytes, 11);
	EXPECT(box_holds("sh", "tool's text"));
	EXPECT_EQ(box_find("bin/tool", 0, &inode), 0);
	EXPECT_EQ(inode->mode, S_IFREG | 0755);
	EXPECT_EQ(inode->mtime_ns, 1000000000ull * 1000000000ull);
	inode_put(inode);
	EXPECT_EQ(box_find("con", 0, &inode), 0);
	EXPECT_EQ(inode->type, INODE_CHAR);
	EXPECT_EQ(inode->rdev, 5 << 8 | 1);
	inode_put(inode);
	box_close();
}

TEST(cpio, hard_links_are_one_file)
{
	struct initramfs_stat st;
	struct inode *a, *b;

	EXPECT(box_open());
	image_begin();
	image_add("a", S_IFREG | 0644, 7, 3, "");
	image_add("b", S_IFREG | 0644, 7, 3, "");
	image_add("c", S_IFREG | 0644, 7, 3, "contents");       /* the last */
	image_end();
	image_add("other", S_IFREG | 0644, 7, 2, "else");       /* 2nd archive */
	image_end();
	EXPECT_EQ(image_unpack(&st), 0);
	EXPECT_EQ(st.files, 2);
	EXPECT_EQ(box_find("a", 0, &a), 0);
	EXPECT_EQ(box_find("b", 0, &b), 0);
	EXPECT(a == b);
	EXPECT_EQ(a->nlink, 3);
	inode_put(a);
	inode_put(b);
	EXPECT(box_holds("b", "contents"));
	EXPECT(box_holds("other", "else"));
	box_close();
}

TEST(cpio, archives_behind_each_other)
{
	struct initramfs_stat st;

	EXPECT(box_open());
	image_begin();
	image_add("x", S_IFREG | 0644, 1, 1, "old");
	image_add("d", S_IFDIR | 0755, 2, 2, "");
	image_add("d/keep", S_IFREG | 0644, 3, 1, "kept");
	image_end();
	image_pad(512);
	image_add("x", S_IFREG | 0600, 1, 1, "new");
	image_add("d", S_IFDIR | 0700, 2, 2, "");
	image_end();
	image_pad(512);
	EXPECT_EQ(image_unpack(&st), 0);
	EXPECT(box_holds("x", "new"));
	EXPECT(box_holds("d/keep", "kept"));
	box_close();
}

TEST(cpio, missing_directories_are_made)
{
	struct initramfs_stat st;

	EXPECT(box_open());
	image_begin();
	image_add("/usr/share/doc/x", S_IFREG | 0644, 1, 1, "x");
	image_add("../../../up", S_IFREG | 0644, 2, 1, "up");
	image_end();
	EXPECT_EQ(image_unpack(&st), 0);
	EXPECT(box_holds("usr/share/doc/x", "x"));
	EXPECT(box_holds("up", "up"));
	EXPECT_EQ(st.dirs, 3);
	box_close();
}

TEST(cpio, upper_and_lower_case_digits)
{
	struct cpio_reader r;
	struct cpio_entry e;
	const char *why;

	image_begin();
	image_add("x", S_IFREG | 0644, 0xabcdef, 1, "");
	cpio_open(&r, image, image_len);
	EXPECT_EQ(cpio_next(&r, &e, &why), 1);
	EXPECT_EQ(e.ino, 0xabcdef);
	memcpy(image + 6, "00AbCdEf", 8);
	cpio_open(&r, image, image_len);
	EXPECT_EQ(cpio_next(&r, &e, &why), 1);
	EXPECT_EQ(e.ino, 0xabcdef);
	EXPECT_EQ(cpio_next(&r, &e, &why), 0);
}

/* ---- broken archives ------------------------------------------------------------------------ */

/* Unpacking stops at offset and says words that contain part. */
static void expect_broken(size_t offset, const char *part)
{
	struct initramfs_stat st;

	EXPECT(image_unpack(&st) < 0);
	EXPECT(st.why != NULL);
	if (!strstr(st.why, part))
		test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", st.why,
			  part);
	EXPECT_EQ(st.offset, offset);
}

TEST(cpio, breakage_is_named_with_its_place)
{
	size_t bad;

	EXPECT(box_open());
	image_begin();
	image_add("first", S_IFREG | 0644, 1, 1, "first");
	bad = image_add("second", S_IFREG | 0644, 2, 1, "second");
	image[bad] = 'x';
	expect_broken(bad, "magic");
	image[bad] = '0';
	memcpy(image + bad, "070707", 6);
	expect_broken(bad, "-H newc");
	memcpy(image + bad, "070701", 6);
	image[bad + 20] = 'g';
	expect_broken(bad, "hexadecimal");
	image[bad + 20] = '0';
	memcpy(image + bad + 94, "FFFFFFFF", 8);
	expect_broken(bad, "impossible length");
	memcpy(image + bad + 94, "00000000", 8);
	expect_broken(bad, "impossible length");
	memcpy(image + bad + 94, "00000006", 8);
	expect_broken(bad, "length says");
	memcpy(image + bad + 94, "00000800", 8);
	expect_broken(bad, "name cut off");
	memcpy(image + bad + 94, "00000007", 8);
	memcpy(image + bad + 54, "FFFFFFFF", 8);
	expect_broken(bad, "contents cut off");
	/* What came before is there. */
	EXPECT(box_holds("first", "first"));
	EXPECT_EQ(box_look("second"), -ENOENT);
	box_close();
}

TEST(cpio, an_end_anywhere_is_survived)
{
	struct initramfs_stat st;
	size_t whole;

	EXPECT(box_open());
	image_begin();
	image_add("a", S_IFDIR | 0755, 1, 2, "");
	image_add("a/b", S_IFREG | 0644, 2, 2, "text");
	image_add("a/c", S_IFREG | 0644, 2, 2, "text");
	image_end();
	whole = image_len;
	for (image_len = 0; image_len <= whole; image_len++) {
		int err = image_unpack(&st);

		EXPECT(err == 0 || (err == -EINVAL && st.why));
		EXPECT(st.offset <= image_len);
	}
	EXPECT_SOUND(names_check(box));
	box_close();
}

TEST(cpio, entries_that_cannot_be_made)
{
	size_t bad;

	EXPECT(box_open());
	image_begin();
	image_add("f", S_IFREG | 0644, 1, 1, "");
	bad = image_add("f/x", S_IFREG | 0644, 2, 1, "");
	expect_broken(bad, "no directory");
	image_begin();
	image_add("d/x", S_IFREG | 0644, 1, 1, "");
	bad = image_add("d", S_IFREG | 0644, 2, 1, "");
	expect_broken(bad, "stands in the way");
	image_begin();
	image_add("l", S_IFLNK | 0777, 1, 1, "l");
	bad = image_add("l/x", S_IFREG | 0644, 2, 1, "");
	expect_broken(bad, "symbolic links");
	image_begin();
	bad = image_add("empty", S_IFLNK | 0777, 1, 1, "");
	expect_broken(bad, "no sense");
	box_close();
}

TEST(cpio, checksums_count_where_they_exist)
{
	EXPECT(box_open());
	image_begin();
	image_add("x", S_IFREG | 0644, 1, 1, "ab");
	memcpy(image, "070702", 6);
	expect_broken(0, "checksum");
	memcpy(image + 102, "000000C3", 8);     /* 'a' + 'b' */
	image_end();
	{
		struct initramfs_stat st;

		EXPECT_EQ(image_unpack(&st), 0);
	}
	EXPECT(box_holds("x", "ab"));
	box_close();
}

TEST(cpio, other_formats_are_recognised)
{
	EXPECT(!cpio_recognise("070701", 6));
	EXPECT(strstr(cpio_recognise("\x1f\x8b\x08", 3), "gzip -d"));
	EXPECT(strstr(cpio_recognise("070707", 6), "newc"));
	EXPECT_EQ(strlen(cpio_recognise("ELF", 3)), 0);
	EXPECT_EQ(strlen(cpio_recognise("", 0)), 0);
}
