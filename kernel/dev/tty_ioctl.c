/* SPDX-License-Identifier: MIT */
/*
 * Terminal settings and job control.
 *
 *   session     the terminal's session: its leader has opened it without
 *               having another one (or asked by TIOCSCTTY)
 *   foreground  the process group of that session that may read, and that ^C
 *               is for; the shell sets it (TIOCSPGRP)
 *
 * A process of the session outside the foreground group that reads gets
 * SIGTTIN, and stops; if nobody can continue its group (kernel/task/jobs.c), its
 * read fails. When the session's leader ends, the foreground group is hung up, and
 * the terminal is free for the next session.
 */
#include "kernel/dev/tty.h"
#include "kernel/dev/tty_state.h"
#include "kernel/task/jobs.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/spaces/uaccess.h"

enum {
	TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404,
	TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCEXCL = 0x540c,
	TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410,
	TIOCOUTQ = 0x5411, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414,
	TIOCINQ = 0x541b, TIOCNOTTY = 0x5422, TCSBRKP = 0x5425,
	TIOCGSID = 0x5429,
};

enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };

/* ---- whose terminal ---------------------------------------------------------------- */

static void tty_set_session(struct tty *t, int session, int foreground)
{
	u64 flags = spin_lock_irq(&t->lock);

	t->session = session;
	t->foreground = foreground;
	spin_unlock_irq(&t->lock, flags);
}

/**
 * tty_adopt() - the caller opened t: is it his terminal from now on?
 *
 * Yes for a session leader, if nobody's session has it, or pid 1's: the boot
 * thread opens it for pid 1 before the first program runs, and that may well be
 * an init whose children want it. (Linux never lets /dev/console become
 * somebody's terminal by opening it.) Context: thread.
 */
void tty_adopt(struct tty *t)
{
	struct task *task = current_task();
	struct process *p;

	if (!task) {
		tty_set_session(t, 1, 1);
		return;
	}
	p = task->process;
	if (p->pid == p->sid && READ_ONCE(t->session) <= 1) {
		p->left_terminal = false;
		tty_set_session(t, p->sid, p->pgid);
	}
}

/** tty_is_own() - is t the controlling terminal of the caller? */
bool tty_is_own(struct tty *t)
{
	return current_task() &&
	       current_process()->sid == READ_ONCE(t->session) &&
	       !current_process()->left_terminal;
}

/** tty_foreground() - the group in front of p's session. Context: any. */
int tty_foreground(const struct process *p)
{
	struct tty *t = &console_tty;

	return p->sid == READ_ONCE(t->session) && !p->left_terminal
		       ? READ_ONCE(t->foreground)
		       : -1;
}

/**
 * tty_check_foreground() - may the caller use the terminal now?
 *
 * A process in the background is sent signo (SIGTTIN, SIGTTOU) with its whole
 * group, and the call runs again when it continues. Who blocks or ignores the
 * signal may write, and cannot read; an orphaned group can neither.
 * Context: thread.
 * Return: 0, -EIO, -ERESTARTSYS.
 */
int tty_check_foreground(struct tty *t, int signo)
{
	struct task *task = current_task();
	int foreground = READ_ONCE(t->foreground);
	struct process *p;

	if (!task || !tty_is_own(t))
		return 0;
	p = task->process;
	if (!foreground || p->pgid == foreground)
		return 0;
	if (task->signals.blocked & signal_bit(signo) ||
	    p->signals.action[signo - 1].handler == SIG_IGN)
		return signo == SIGTTIN ? -EIO : 0;
	if (jobs_is_orphaned(p->pgid))
		return -EIO;
	return signal_send_group(p->pgid, signo) ? -EIO : -ERESTARTSYS;
}

static long tty_take_over(struct tty *t, bool steal)
{
	struct process *p = current_process();

	if (p->pid != p->sid)
		return -EPERM;
	if (t->session && t->session != p->sid && !steal)
		return -EPERM;
	p->left_terminal = false;
	tty_set_session(t, p->sid, p->pgid);
	return 0;
}

/** tty_session_ended() - its leader is no more. Context: thread, no locks. */
void tty_session_ended(int sid)
{
	struct tty *t = &console_tty;
	int group = READ_ONCE(t->foreground);

	if (READ_ONCE(t->session) != sid)
		return;
	tty_set_session(t, 0, 0);
	if (group)
		(void)signal_send_group(group, SIGHUP);
}

static long tty_give_up(struct tty *t)
{
	struct process *p = current_process();
	int group = t->foreground;

	if (!tty_is_own(t))
		return -ENOTTY;
	p->left_terminal = true;
	if (p->pid != p->sid)
		return 0;
	tty_set_session(t, 0, 0);
	if (group && !signal_send_group(group, SIGHUP))
		(void)signal_send_group(group, SIGCONT);
	return 0;
}

/* Is there a process of this group in the caller's session? */
static bool group_in_session(int pgid)
{
	int sid = current_process()->sid, pid = 0;
	struct process *p;
	bool found = false;

	while (!found && (p = process_next(&pid))) {
		found = p->pgid == pgid && p->sid == sid;
		process_put(p);
	}
	return found;
}

static long tty_set_foreground(struct tty *t, int pgid)
{
	int err;

	if (!tty_is_own(t))
		return -ENOTTY;
	err = tty_check_foreground(t, SIGTTOU);
	if (err)
		return err;
	if (pgid < 0)
		return -EINVAL;
	if (!group_in_session(pgid))
		return -EPERM;
	WRITE_ONCE(t->foreground, pgid);
	return 0;
}

/* ---- settings ----------------------------------------------------------------------- */

static long tty_get_termios(struct tty *t, u64 arg)
{
	struct termios_user tio;
	u64 flags = spin_lock_irq(&t->lock);

	tio = t->termios;
	spin_unlock_irq(&t->lock, flags);
	return copy_to_user((void __user *)arg, &tio, sizeof(tio));
}

/* What was typed before a change of mode can be read at once. */
static long tty_set_termios(struct tty *t, u64 arg, bool flush)
{
	struct termios_user tio;
	u64 flags;
	int err = tty_check_foreground(t, SIGTTOU);

	if (!err)
		err = copy_from_user(&tio, (void __user *)arg, sizeof(tio));
	if (err)
		return err;
	flags = spin_lock_irq(&t->lock);
	if (flush)
		tty_flush_input(t);
	if ((t->termios.lflag ^ tio.lflag) & ICANON)
		t->done = t->head;
	t->termios = tio;
	spin_unlock_irq(&t->lock, flags);
	wait_wake_all(&t->read_wait);
	return 0;
}

static long tty_set_winsize(struct tty *t, u64 arg)
{
	struct winsize_user ws;
	bool changed;

	if (copy_from_user(&ws, (void __user *)arg, sizeof(ws)))
		return -EFAULT;
	changed = ws.rows != t->winsize.rows ||
		  ws.columns != t->winsize.columns;
	t->winsize = ws;
	if (changed && t->foreground)
		(void)signal_send_group(t->foreground, SIGWINCH);
	return 0;
}

static long tty_flush(struct tty *t, u64 what)
{
	u64 flags;

	if (what > TCIOFLUSH)
		return -EINVAL;
	flags = spin_lock_irq(&t->lock);
	if (what != TCOFLUSH)
		tty_flush_input(t);
	spin_unlock_irq(&t->lock, flags);
	return 0;
}

static long tty_put_int(u64 arg, int value)
{
	return put_user((s32)value, (s32 __user *)arg);
}

static long tty_ioctl_group(struct tty *t, u64 arg)
{
	s32 pgid;

	if (get_user(pgid, (s32 __user *)arg))
		return -EFAULT;
	return tty_set_foreground(t, pgid);
}

/**
 * tty_ioctl() - the requests of tty_ioctl(2) that a serial console has
 *
 * Context: thread. Return: 0, -ENOTTY (unknown request, or not the caller's
 * terminal), -EFAULT, -EPERM, -EINVAL, -EIO, -ERESTARTSYS.
 */
long tty_ioctl(struct file *file, unsigned int cmd, u64 arg)
{
	struct tty *t = &console_tty;

	switch (cmd) {
	case TCGETS:
		return tty_get_termios(t, arg);
	case TCSETS:
	case TCSETSW:                   /* output is never pending */
		return tty_set_termios(t, arg, false);
	case TCSETSF:
		return tty_set_termios(t, arg, true);
	case TCFLSH:
		return tty_flush(t, arg);
	case TCSBRK:
	case TCSBRKP:
	case TCXONC:
	case TIOCEXCL:
		return 0;
	case TIOCGWINSZ:
		return copy_to_user((void __user *)arg, &t->winsize,
				    sizeof(t->winsize));
	case TIOCSWINSZ:
		return tty_set_winsize(t, arg);
	case TIOCINQ:
		return tty_put_int(arg, (int)tty_readable(t));
	case TIOCOUTQ:
		return tty_put_int(arg, 0);
	case TIOCSCTTY:
		return tty_take_over(t, arg == 1);
	case TIOCNOTTY:
		return tty_give_up(t);
	case TIOCGPGRP:
		return tty_is_own(t) ? tty_put_int(arg, t->foreground)
				     : -ENOTTY;
	case TIOCSPGRP:
		return tty_ioctl_group(t, arg);
	case TIOCGSID:
		return tty_is_own(t) ? tty_put_int(arg, t->session) : -ENOTTY;
	default:
		return -ENOTTY;
	}
}
