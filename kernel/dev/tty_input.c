/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: from received characters to what read(2) gets.
 *
 *   serial line ─interrupt─► console_received ─► signal? ^C ^\ ^Z
 *                                │             ─► edit?   erase, ^W, ^U
 *                                ▼             ─► echo
 *      ┌──────────────────┬──────────────┬───────────┐
 *      │ already read     │ whole lines  │ this line │     input[], a ring
 *      └──────────────────┴──────────────┴───────────┘
 *                         ▲ tail         ▲ done      ▲ head
 *
 * In canonical mode reads see what lies before done; an edit only touches
 * what lies behind it. In raw mode done follows head.
 *
 * Invariant [Y1]: tail <= done <= head, head - tail <= TTY_INPUT (all modulo
 * 2^32). When the ring is full, characters are dropped, but one place is
 * kept for the end of the line.
 *
 * Everything happens in the interrupt, so that ^C works whatever the tasks
 * do. Signals are sent after the lock is dropped.
 */
#include "arch/console.h"
#include "kernel/dev/random.h"
#include "kernel/dev/tty_state.h"
#include "kernel/task/signal.h"

static u16 *tty_slot(struct tty *t, u32 at)
{
	return &t->input[at & (TTY_INPUT - 1)];
}

static bool tty_flag(const struct tty *t, u32 lflag)
{
	return t->termios.lflag & lflag;
}

/* Is c the character of this function, and is the function on? */
static bool tty_is_cc(const struct tty *t, u8 c, unsigned int function)
{
	return c && t->termios.cc[function] == c;
}

/* ---- echo ---------------------------------------------------------------------- */

static void tty_echo_text(const struct tty *t, const char *s, size_t len)
{
	char out[8];

	console_write(out, tty_cook_output(t, (const u8 *)s, len, out));
}

static bool tty_is_control(u16 c)
{
	return ((c & 0xff) < ' ' && (c & 0xff) != '\t') || (c & 0xff) == 0x7f;
}

/* Control characters show as ^X. */
static void tty_echo(const struct tty *t, u8 c)
{
	char text[2] = { '^', (char)(c ^ 0x40) };

	if (c == '\n' && tty_flag(t, ECHO | ECHONL))
		tty_echo_text(t, "\n", 1);
	else if (!tty_flag(t, ECHO))
		return;
	else if (tty_is_control(c) && tty_flag(t, ECHOCTL))
		tty_echo_text(t, text, 2);
	else
		tty_echo_text(t, (const char *)&c, 1);
}

/* ---- editing the present line ------------------------------------------------- */

/* The bytes 10xxxxxx of UTF-8 belong to the character before them. */
static bool tty_is_continuation(const struct tty *t, u16 c)
{
	return t->termios.iflag & IUTF8 && (c & 0xc0) == 0x80;
}

/* Takes the last character of the line back; false: the line is empty. */
static bool tty_erase_one(struct tty *t)
{
	u16 c;

	if (t->head == t->done)
		return false;
	do {
		c = *tty_slot(t, --t->head);
	} while (tty_is_continuation(t, c) && t->head != t->done);
	if (tty_flag(t, ECHO) && tty_flag(t, ECHOE)) {
		tty_echo_text(t, "\b \b", 3);
		if (tty_is_control(c) && tty_flag(t, ECHOCTL))
			tty_echo_text(t, "\b \b", 3);
	}
	return true;
}

static u8 tty_last(struct tty *t)
{
	return t->head == t->done ? 0 : (u8)*tty_slot(t, t->head - 1);
}

static void tty_erase_word(struct tty *t)
{
	while (tty_last(t) == ' ' && tty_erase_one(t))
		;
	while (tty_last(t) != 0 && tty_last(t) != ' ' && tty_erase_one(t))
		;
}

/* Was c an editing function? Then it is done. */
static bool tty_edit(struct tty *t, u8 c)
{
	if (tty_is_cc(t, c, VERASE)) {
		tty_erase_one(t);
	} else if (tty_is_cc(t, c, VKILL)) {
		while (tty_erase_one(t))
			;
	} else if (tty_flag(t, IEXTEN) && tty_is_cc(t, c, VWERASE)) {
		tty_erase_word(t);
	} else {
		return false;
	}
	return true;
}

/* ---- input ------------------------------------------------------------------------ */

/* Puts c into the ring unless that would take the last place of a line. */
static bool tty_push(struct tty *t, u16 c)
{
	u32 keep = c & TTY_END ? 0 : 1;

	if (t->head - t->tail >= TTY_INPUT - keep)
		return false;
	*tty_slot(t, t->head++) = c;
	return true;
}

static void tty_input_line(struct tty *t, u8 c)
{
	if (tty_edit(t, c))
		return;
	if (tty_is_cc(t, c, VEOF)) {
		tty_push(t, TTY_EOF | TTY_END);
		t->done = t->head;
	} else if (c == '\n' || tty_is_cc(t, c, VEOL)) {
		tty_push(t, c | TTY_END);
		t->done = t->head;
		tty_echo(t, c);
	} else if (tty_push(t, c)) {
		tty_echo(t, c);
	}
}

/** tty_flush_input() - forget what was typed and not read. Context: lock. */
void tty_flush_input(struct tty *t)
{
	t->head = t->done = t->tail;
}

/* The signal that c stands for, or 0. */
static int tty_signal_of(struct tty *t, u8 c) __needs_lock(t->lock)
{
	int signo = 0;

	if (!tty_flag(t, ISIG))
		return 0;
	if (tty_is_cc(t, c, VINTR))
		signo = SIGINT;
	else if (tty_is_cc(t, c, VQUIT))
		signo = SIGQUIT;
	else if (tty_is_cc(t, c, VSUSP))
		signo = SIGTSTP;
	if (signo) {
		if (!tty_flag(t, NOFLSH))
			tty_flush_input(t);
		tty_echo(t, c);
	}
	return signo;
}

/* One character with the lock held; the signal to send, or 0. */
static int tty_input(struct tty *t, u8 c) __needs_lock(t->lock)
{
	u32 iflag = t->termios.iflag;
	int signo;

	if (c == '\r' && iflag & IGNCR)
		return 0;
	if (c == '\r' && iflag & ICRNL)
		c = '\n';
	else if (c == '\n' && iflag & INLCR)
		c = '\r';
	signo = tty_signal_of(t, c);
	if (signo)
		return signo;
	if (tty_flag(t, ICANON)) {
		tty_input_line(t, c);
	} else if (tty_push(t, c)) {
		t->done = t->head;
		tty_echo(t, c);
	}
	return 0;
}

/* Upcall of the machine's serial driver, interrupts off (arch/console.h). */
void console_received(char c)
{
	struct tty *t = &console_tty;
	int signo, group;
	u64 flags;

	random_stir((u8)c);
	flags = spin_lock_irq(&t->lock);
	signo = tty_input(t, (u8)c);
	group = t->foreground;
	spin_unlock_irq(&t->lock, flags);
	if (signo && group)
		(void)signal_send_group(group, signo);
	wait_wake_all(&t->read_wait);
}

/* ---- reading ---------------------------------------------------------------------- */

/** tty_readable() - characters that a read may take now. Context: any. */
u32 tty_readable(struct tty *t)
{
	return READ_ONCE(t->done) - READ_ONCE(t->tail);
}

/**
 * tty_take() - up to size characters of the input
 *
 * In canonical mode a call stays within one line; *ended says that it came to
 * the line's end, or to ^D. Context: thread. Return: bytes in buf.
 */
size_t tty_take(struct tty *t, u8 *buf, size_t size, bool *ended)
{
	size_t n = 0;
	u64 flags;

	*ended = false;
	flags = spin_lock_irq(&t->lock);
	while (t->tail != t->done && !*ended) {
		u16 c = *tty_slot(t, t->tail);

		if (n == size && !(c & TTY_EOF))
			break;
		t->tail++;
		*ended = c & TTY_END;
		if (!(c & TTY_EOF))
			buf[n++] = (u8)c;
	}
	spin_unlock_irq(&t->lock, flags);
	return n;
}
