/*
 * libev, kept on a short lead: ev_loop_new, never ev_default_loop, which would install its own
 * SIGCHLD handler and reap every child before we see it; EVFLAG_NOENV so that no LIBEV_FLAGS in
 * the environment changes the back end; no ev_signal (io/signals.c reads a signalfd).
 */
#include "io/loop.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>

#include "io/clock.h"
#include "util/macros.h"

enum {
	LOOP_RESERVE_BYTES = 256 * 1024,
	LOOP_REFUSED_RETRY_MS = 500,
};

struct loop {
	struct ev_loop *ev;
	struct ev_timer timer;
	struct ev_prepare prepare;
	struct ev_check check;
	const struct loop_hook *hook;
	uint64_t now_ms;
	struct loop_watch *refused; /* the kernel would not watch them: try again */
	uint64_t refused_ms;        /* when */
};

struct loop_watch {
	struct ev_io io;
	struct loop *loop;
	struct loop_watch *next_refused; /* in loop->refused */

	void (*handle)(void *data, unsigned events);
	void *data;
};

static void loop_on_timer(struct ev_loop *ev, struct ev_timer *timer, int events)
{
	(void)ev;
	(void)timer;
	(void)events; /* waking up is all: the hook runs before the next wait */
}

/* Runs after the wait and, by its priority, before every other handler of the turn. */
static void loop_on_check(struct ev_loop *ev, struct ev_check *check, int events)
{
	struct loop *loop = check->data;

	(void)ev;
	(void)events;
	loop->now_ms = clock_now_ms();
	if (loop->hook->wake)
		loop->hook->wake(loop->hook->data, loop->now_ms);
}

/*
 * libev aborts the program when it gets no memory. This block, never touched and so never really
 * there, is given back to the heap for the moment when that would happen.
 */
static void *reserve;

static void *loop_allocate(void *block, long size)
{
	void *grown;

	if (!size) {
		free(block);
		return NULL;
	}
	if (!reserve)
		reserve = malloc(LOOP_RESERVE_BYTES);
	grown = realloc(block, (size_t)size);
	if (grown || !reserve)
		return grown;
	free(reserve);
	reserve = NULL;
	return realloc(block, (size_t)size);
}

static void loop_retry_refused(struct loop *loop)
{
	struct loop_watch *watch = loop->refused, *next;

	if (!watch || loop->now_ms < loop->refused_ms)
		return;
	loop->refused = NULL;
	for (; watch; watch = next) {
		next = watch->next_refused;
		ev_io_start(loop->ev, &watch->io);
	}
}

static void loop_forget_refused(struct loop_watch *watch)
{
	struct loop_watch **place = &watch->loop->refused;

	while (*place && *place != watch)
		place = &(*place)->next_refused;
	if (*place)
		*place = watch->next_refused;
}

static void loop_on_prepare(struct ev_loop *ev, struct ev_prepare *prepare, int events)
{
	struct loop *loop = prepare->data;
	uint64_t deadline_ms, now_ms;

	(void)events;
	loop_retry_refused(loop);
	deadline_ms = loop->hook->turn(loop->hook->data, loop->now_ms);
	if (loop->refused)
		deadline_ms = min_ms(deadline_ms, loop->refused_ms);
	ev_timer_stop(ev, &loop->timer);
	if (deadline_ms == NEVER_MS)
		return;
	/* The work of this turn took time too. */
	now_ms = clock_now_ms();
	ev_now_update(ev);
	ev_timer_set(&loop->timer, (double)time_left_ms(deadline_ms, now_ms) / 1000, 0);
	ev_timer_start(ev, &loop->timer);
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	ev_set_allocator(loop_allocate);
	loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!loop->ev) {
		free(loop);
		return -ENOMEM;
	}
	ev_init(&loop->timer, loop_on_timer);
	ev_prepare_init(&loop->prepare, loop_on_prepare);
	ev_check_init(&loop->check, loop_on_check);
	ev_set_priority(&loop->check, EV_MAXPRI);
	loop->prepare.data = loop->check.data = loop;
	loop->now_ms = clock_now_ms();
	*ret_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	ev_loop_destroy(loop->ev);
	free(loop);
}

void loop_run(struct loop *loop, const struct loop_hook *hook)
{
	loop->hook = hook;
	loop->now_ms = clock_now_ms();
	ev_prepare_start(loop->ev, &loop->prepare);
	ev_check_start(loop->ev, &loop->check);
	ev_run(loop->ev, 0);
	ev_timer_stop(loop->ev, &loop->timer);
	ev_check_stop(loop->ev, &loop->check);
	ev_prepare_stop(loop->ev, &loop->prepare);
}

void loop_stop(struct loop *loop)
{
	ev_break(loop->ev, EVBREAK_ALL);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

static void loop_on_io(struct ev_loop *ev, struct ev_io *io, int events)
{
	struct loop_watch *watch = io->data;
	unsigned ready = (events & EV_READ ? LOOP_READ : 0) | (events & EV_WRITE ? LOOP_WRITE : 0);

	(void)ev;
	if (events & EV_ERROR) {
		/* The kernel has no room for it (epoll_ctl(2): ENOMEM, ENOSPC), and libev has
		 * stopped it. */
		loop_forget_refused(watch);
		watch->next_refused = watch->loop->refused;
		watch->loop->refused = watch;
		watch->loop->refused_ms =
		    deadline_after(watch->loop->now_ms, LOOP_REFUSED_RETRY_MS);
		return;
	}
	watch->handle(watch->data, ready);
}

int loop_watch_new(struct loop *loop, int fd, unsigned events,
    void (*handle)(void *data, unsigned events), void *data, struct loop_watch **ret_watch)
{
	struct loop_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->loop = loop;
	watch->handle = handle;
	watch->data = data;
	ev_io_init(&watch->io, loop_on_io, fd, 0);
	watch->io.data = watch;
	loop_watch_set(watch, events);
	*ret_watch = watch;
	return 0;
}

void loop_watch_set(struct loop_watch *watch, unsigned events)
{
	int wanted = (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0);

	loop_forget_refused(watch);
	ev_io_stop(watch->loop->ev, &watch->io);
	ev_io_set(&watch->io, watch->io.fd, wanted);
	if (wanted)
		ev_io_start(watch->loop->ev, &watch->io);
}

void loop_watch_free(struct loop_watch **watch)
{
	if (!*watch)
		return;
	loop_forget_refused(*watch);
	ev_io_stop((*watch)->loop->ev, &(*watch)->io);
	free(*watch);
	*watch = NULL;
}
