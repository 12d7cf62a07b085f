/*
 * The pairing machine by scripts: each row is an event at a time and what must come of it. The
 * first script walks every cell of the table in the head of pairing.c.
 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "common/devices_fake.h"
#include "core/pairing.h"
#include "core/pairing_report.h"
#include "util/macros.h"

enum {
	LOOK = PAIRING_DO_LOOK,
	LIST = PAIRING_DO_LIST,
	APPROVE = PAIRING_DO_APPROVE | PAIRING_DO_REPORT,
	REST = PAIRING_DO_REST | PAIRING_DO_REPORT,
	REPORT = PAIRING_DO_REPORT,
	GIVE_WAY = PAIRING_DO_REST,
	FINISH = PAIRING_DO_REST | PAIRING_DO_REPORT | PAIRING_DO_FINISH,
};

struct row {
	uint64_t now_ms;
	enum pairing_event_kind event;
	const char *pending; /* LISTED; of LOOKED: what is seen, see look_at */
	const char *paired;
	enum list_failure failure; /* LIST_FAILED */
	enum pairing_state state;
	unsigned actions;
	uint64_t deadline_ms;
	const char *log; /* without the prefix; NULL: nothing */
};

#define TIMER                   PAIRING_EV_TIMER, NULL, NULL, 0
#define NUDGED                  PAIRING_EV_NUDGED, NULL, NULL, 0
#define CHANGED                 PAIRING_EV_CHANGED, NULL, NULL, 0
#define LOOKED(at)              PAIRING_EV_LOOKED, at, NULL, 0
#define BUSY                    PAIRING_EV_BUSY, NULL, NULL, 0
#define LISTED(pending, paired) PAIRING_EV_LISTED, pending, paired, 0
#define FAILED(why)             PAIRING_EV_LIST_FAILED, NULL, NULL, why
#define APPROVED                PAIRING_EV_APPROVED, NULL, NULL, 0
#define TIMED_OUT               PAIRING_EV_APPROVE_TIMED_OUT, NULL, NULL, 0
#define DEFERRED                PAIRING_EV_APPROVE_DEFERRED, NULL, NULL, 0
#define REFUSED                 PAIRING_EV_APPROVE_REFUSED, NULL, NULL, 0
#define NEVER                   NEVER_MS

#define WAITING   PAIRING_WAITING
#define LOOKING   PAIRING_LOOKING
#define LISTING   PAIRING_LISTING
#define APPROVING PAIRING_APPROVING
#define DONE      PAIRING_DONE

static struct pairing pairing;

static struct pairing_settings default_settings(void)
{
	char *environment[] = { NULL };
	struct pairing_settings settings;
	struct text warnings;
	char buffer[8];

	text_init(&warnings, buffer, sizeof(buffer));
	pairing_settings_init(&settings, environment, &warnings);
	return settings;
}

/*
 * What a look shows: "", nothing; "empty", an older store with nothing pending; else a newer store
 * in the state of that name, `!` behind it for one that has just been written, `-` for one that is
 * not watched.
 */
static struct store_look look_at(const char *seen)
{
	struct store_look look = { .kind = STORE_UNKNOWN };

	if (!seen || !seen[0])
		return look;
	look.kind = strcmp(seen, "empty") == 0 ? STORE_NOTHING_PENDING : STORE_DATABASE;
	look.is_fresh = strchr(seen, '!') != NULL;
	look.is_watched = strchr(seen, '-') == NULL;
	look.data.inode = 1;
	look.journal.size_bytes = seen[0];
	return look;
}

static const char *seen_after; /* by the look that comes with LISTED */

static unsigned handle(const struct row *row, struct text *log)
{
	struct devices devices = row->event == PAIRING_EV_LISTED
				     ? devices_fake(row->pending, row->paired)
				     : devices_fake("", "");
	struct store_look look =
	    look_at(row->event == PAIRING_EV_LOOKED ? row->pending : seen_after);
	struct pairing_event event = { .kind = row->event,
		.devices = &devices,
		.failure = row->failure,
		.look = &look,
		.text = "why" };
	unsigned actions = pairing_handle(&pairing, &event, row->now_ms, log);

	devices_deinit(&devices);
	return actions;
}

/* Where a row does not say LOOKING, a look follows at once that shows nothing. */
static void play(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		const struct row looked = { row->now_ms, LOOKED(""), 0, 0, 0, NULL };
		char log_buffer[8192], want[8192];
		struct text log, line;
		unsigned actions;

		print_message("row %zu at %llu\n", i, (unsigned long long)row->now_ms);
		text_init(&log, log_buffer, sizeof(log_buffer));
		text_init(&line, want, sizeof(want));
		for (const char *at = row->log; at && *at; at += strspn(at, "|")) {
			size_t length = strcspn(at, "|");

			text_addf(&line, "[auto-pair] %.*s\n", (int)length, at);
			at += length;
		}
		actions = handle(row, &log);
		if ((actions & LOOK) && row->state != LOOKING)
			actions = handle(&looked, &log);
		assert_string_equal(log_buffer, want);
		assert_int_equal(pairing.state, row->state);
		assert_int_equal(actions, row->actions);
		assert_true(pairing_deadline_ms(&pairing) == row->deadline_ms);
	}
}

#define PLAY(settings, rows) \
	do { \
		pairing_init(&pairing, settings, 0); \
		seen_after = ""; \
		play(rows, ARRAY_LEN(rows)); \
	} while (0)

static void every_cell(void **state)
{
	static const struct row rows[] = {
		/* WAITING */
		{ 500, TIMER, WAITING, 0, 1000, NULL },
		{ 500, LOOKED("empty"), WAITING, 0, 1000, NULL },
		{ 500, BUSY, WAITING, 0, 1000, NULL },
		{ 500, LISTED("r/d/cli", ""), WAITING, 0, 1000, NULL },
		{ 500, FAILED(LIST_TIMEOUT), WAITING, 0, 1000, NULL },
		{ 500, APPROVED, WAITING, 0, 1000, NULL },
		{ 500, TIMED_OUT, WAITING, 0, 1000, NULL },
		{ 500, DEFERRED, WAITING, 0, 1000, NULL },
		{ 500, REFUSED, WAITING, 0, 1000, NULL },
		{ 500, CHANGED, WAITING, 0, 700, NULL },
		{ 600, CHANGED, WAITING, 0, 700, NULL },
		{ 600, NUDGED, WAITING, REPORT, 600, NULL },
		{ 600, TIMER, LOOKING, LOOK, NEVER, NULL },
		/* LOOKING */
		{ 610, TIMER, LOOKING, 0, NEVER, NULL },
		{ 610, BUSY, LOOKING, 0, NEVER, NULL },
		{ 610, LISTED("r/d/cli", ""), LOOKING, 0, NEVER, NULL },
		{ 610, FAILED(LIST_TIMEOUT), LOOKING, 0, NEVER, NULL },
		{ 610, APPROVED, LOOKING, 0, NEVER, NULL },
		{ 610, TIMED_OUT, LOOKING, 0, NEVER, NULL },
		{ 610, DEFERRED, LOOKING, 0, NEVER, NULL },
		{ 610, REFUSED, LOOKING, 0, NEVER, NULL },
		{ 610, CHANGED, LOOKING, 0, NEVER, NULL },
		{ 610, NUDGED, LOOKING, REPORT, NEVER, NULL },
		{ 650, LOOKED("empty"), WAITING, REST, 650, NULL },
		{ 650, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 650, LOOKED("empty"), WAITING, REST, 1650, NULL },
		{ 1650, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 1650, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		/* LISTING */
		{ 1660, TIMER, LISTING, 0, NEVER, NULL },
		{ 1660, LOOKED("empty"), LISTING, 0, NEVER, NULL },
		{ 1660, APPROVED, LISTING, 0, NEVER, NULL },
		{ 1660, TIMED_OUT, LISTING, 0, NEVER, NULL },
		{ 1660, DEFERRED, LISTING, 0, NEVER, NULL },
		{ 1660, REFUSED, LISTING, 0, NEVER, NULL },
		{ 1660, CHANGED, LISTING, 0, NEVER, NULL },
		{ 1660, NUDGED, LISTING, REPORT, NEVER, NULL },
		{ 1700, BUSY, WAITING, GIVE_WAY, 1860, NULL }, /* for the change */
		{ 1860, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1900, FAILED(LIST_TIMEOUT), WAITING, REST, 2900,
		    "timeout calling devices list|list failed reason=timeout" },
		{ 2900, TIMER, LISTING, LIST, NEVER, NULL },
		{ 2910, LISTED("", ""), WAITING, REST, 3910, NULL },
		{ 3910, TIMER, LISTING, LIST, NEVER, NULL },
		{ 3920, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		/* APPROVING */
		{ 3930, TIMER, APPROVING, 0, NEVER, NULL },
		{ 3930, LOOKED("empty"), APPROVING, 0, NEVER, NULL },
		{ 3930, BUSY, APPROVING, 0, NEVER, NULL },
		{ 3930, LISTED("", ""), APPROVING, 0, NEVER, NULL },
		{ 3930, FAILED(LIST_TIMEOUT), APPROVING, 0, NEVER, NULL },
		{ 3930, NUDGED, APPROVING, REPORT, NEVER, NULL },
		{ 3930, CHANGED, APPROVING, 0, NEVER, NULL },
		{ 3940, APPROVED, LOOKING, LOOK | REPORT, NEVER,
		    "approved request=r client=cli mode=" },
		{ 3940, LOOKED("empty"), LISTING, LIST, NEVER, NULL },
		{ 4000, LISTED("s/e/cli", "d"), APPROVING, APPROVE, NEVER, NULL },
		{ 4100, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=s" },
		{ 4200, LISTED("s/e/cli t/f/cli", "d"), APPROVING, APPROVE, NEVER, NULL },
		{ 4300, DEFERRED, LISTING, LIST, NEVER, "approve deferred request=t: why" },
		{ 4400, LISTED("s/e/cli t/f/cli u/g/cli", "d"), APPROVING, APPROVE, NEVER, NULL },
		{ 4500, REFUSED, LISTING, LIST, NEVER, "approve failed request=u: why" },
		{ 4600, LISTED("s/e/cli t/f/cli u/g/cli", "d"), WAITING, REST, 4600, NULL },
		/* DONE */
		{ 28800000, TIMER, DONE, FINISH, NEVER, "watcher deadline reached approvals=1" },
		{ 28800001, TIMER, DONE, 0, NEVER, NULL },
		{ 28800001, NUDGED, DONE, 0, NEVER, NULL },
		{ 28800001, CHANGED, DONE, 0, NEVER, NULL },
		{ 28800001, LOOKED("empty"), DONE, 0, NEVER, NULL },
		{ 28800001, BUSY, DONE, 0, NEVER, NULL },
		{ 28800001, LISTED("", ""), DONE, 0, NEVER, NULL },
		{ 28800001, FAILED(LIST_TIMEOUT), DONE, 0, NEVER, NULL },
		{ 28800001, APPROVED, DONE, 0, NEVER, NULL },
		{ 28800001, TIMED_OUT, DONE, 0, NEVER, NULL },
		{ 28800001, DEFERRED, DONE, 0, NEVER, NULL },
		{ 28800001, REFUSED, DONE, 0, NEVER, NULL },
	};
	struct pairing_settings settings = default_settings();

	PLAY(&settings, rows);
}

static void nothing_paired_stays_fast_until_the_fast_deadline(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("", ""), WAITING, REST, 2000, NULL },
		{ 2000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("", ""), WAITING, REST, 3000, NULL },
		{ 3000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 3000, LISTED("", ""), WAITING, REST, 4000, NULL },
		{ 4000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 4000, LISTED("", ""), WAITING, REST, 5000, NULL },
		{ 5000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 5000, LISTED("", ""), WAITING, REST, 6000, NULL },
		{ 600000, TIMER, LISTING, LIST, NEVER,
		    "fast deadline reached; entering slow-mode approvals=0" },
		{ 600000, LISTED("", ""), WAITING, REST, 630000, NULL },
	};

	PLAY(&settings, rows);
}

/* A request that stays, or a list that fails, cannot hold the fast pace. */
static void the_fast_deadline_comes_first(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row sticky[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/x", ""), WAITING, REST, 2000,
		    "rejected request=r client=x mode= reason=unknown-client" },
		{ 599999, TIMER, LISTING, LIST, NEVER, NULL },
		{ 600000, LISTED("r/d/x", ""), WAITING, REST, 630000,
		    "fast deadline reached; entering slow-mode approvals=0" },
	};
	static const struct row failing[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, FAILED(LIST_COMMAND_FAILED), WAITING, REST, 2000,
		    "list failed reason=command-failed" },
		{ 599999, TIMER, LISTING, LIST, NEVER, NULL },
		{ 599999, FAILED(LIST_COMMAND_FAILED), WAITING, REST, 600999, NULL },
		{ 600999, TIMER, LISTING, LIST, NEVER,
		    "fast deadline reached; entering slow-mode approvals=0" },
		{ 600999, FAILED(LIST_INVALID_JSON), WAITING, REST, 630999,
		    "list failed reason=invalid-json" },
		{ 630999, TIMER, LISTING, LIST, NEVER, NULL },
		{ 630999, LISTED("", ""), WAITING, REST, 660999, NULL },
		{ 660999, TIMER, LISTING, LIST, NEVER, NULL },
		{ 660999, FAILED(LIST_INVALID_JSON), WAITING, REST, 690999,
		    "list failed reason=invalid-json" },
	};

	PLAY(&settings, sticky);
	PLAY(&settings, failing);
	assert_int_equal(pairing.polls, 5);
	assert_string_equal(pairing.last_error, "devices list: invalid-json: why");
}

static void four_quiet_polls_converge(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row browser[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("", "a b/openclaw-control-ui"), WAITING, REST, 6000, NULL },
		{ 6000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 6000, LISTED("", "a b/openclaw-control-ui"), WAITING, REST, 11000, NULL },
		{ 11000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 11000, LISTED("", "a b/openclaw-control-ui"), WAITING, REST, 16000, NULL },
		{ 16000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 16000, LISTED("", "a b/openclaw-control-ui"), WAITING, REST, 46000,
		    "browser pairing converged; entering slow-mode approvals=0" },
	};
	/* A pending request begins the count anew; failures leave it. */
	static const struct row devices[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("", "a b"), WAITING, REST, 6000, NULL },
		{ 6000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 6000, LISTED("r/d/x", "a b"), WAITING, REST, 7000,
		    "rejected request=r client=x mode= reason=unknown-client" },
		{ 7000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 7000, LISTED("", "a b"), WAITING, REST, 12000, NULL },
		{ 12000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 12000, LISTED("", "a b"), WAITING, REST, 17000, NULL },
		{ 17000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 17000, FAILED(LIST_TIMEOUT), WAITING, REST, 22000,
		    "timeout calling devices list|list failed reason=timeout" },
		{ 22000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 22000, LISTED("", "a b"), WAITING, REST, 27000, NULL },
		{ 27000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 27000, LISTED("", "a b"), WAITING, REST, 57000,
		    "devices paired (2); entering slow-mode approvals=0" },
	};
	static const struct row approved[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 1000, APPROVED, LISTING, LIST, NEVER, "approved request=r client=cli mode=" },
		{ 1000, LISTED("", ""), WAITING, REST, 6000, NULL },
		{ 6000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 6000, LOOKED("empty"), WAITING, REST, 11000, NULL },
		{ 11000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 11000, LOOKED("empty"), WAITING, REST, 16000, NULL },
		{ 16000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 16000, LOOKED("empty"), WAITING, REST, 46000,
		    "non-browser pairing converged; entering slow-mode approvals=1" },
	};

	PLAY(&settings, browser);
	PLAY(&settings, devices);
	PLAY(&settings, approved);
	assert_int_equal(pairing.skipped_polls, 3);
	assert_int_equal(pairing.polls, 2);
}

/* Slow at once, with short re-entries. */
static struct pairing_settings slow_settings(void)
{
	struct pairing_settings settings = default_settings();

	settings.fast_deadline_ms = 500;
	settings.reentry_polls = 2;
	settings.reentry_interval_ms = 700;
	return settings;
}

#define SLOW "fast deadline reached; entering slow-mode approvals=0"
#define BUMP "fast-reentry bumped polls=2"

static void a_new_request_makes_slow_mode_faster(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, SLOW },
		{ 1000, LISTED("r/d/x", ""), WAITING, REST, 31000, /* refused ones never do */
		    "rejected request=r client=x mode= reason=unknown-client" },
		{ 31000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 31000, LISTED("a/d/cli", ""), APPROVING, APPROVE, NEVER, BUMP },
		{ 31000, APPROVED, LISTING, LIST, NEVER, "approved request=a client=cli mode=" },
		{ 31000, LISTED("", "d"), WAITING, REST, 31700, NULL },
		{ 31700, TIMER, LISTING, LIST, NEVER, NULL },
		{ 31700, FAILED(LIST_EMPTY_OUTPUT), WAITING, REST, 32400, /* uses none up */
		    "list failed reason=empty-output" },
		{ 32400, TIMER, LISTING, LIST, NEVER, NULL },
		{ 32400, LISTED("", "d"), WAITING, REST, 33100, NULL }, /* one */
		{ 33100, TIMER, LISTING, LIST, NEVER, NULL },
		/* two, and a new trigger: two again, not three */
		{ 33100, LISTED("b/e/cli", "d"), APPROVING, APPROVE, NEVER, BUMP },
		{ 33100, APPROVED, LISTING, LIST, NEVER, "approved request=b client=cli mode=" },
		{ 33100, LISTED("", "d e"), WAITING, REST, 33800, NULL },
		{ 33800, TIMER, LISTING, LIST, NEVER, NULL },
		{ 33800, LISTED("", "d e"), WAITING, REST, 34500, NULL },
		{ 34500, TIMER, LISTING, LIST, NEVER, NULL },
		{ 34500, LISTED("", "d e"), WAITING, REST, 64500, NULL },
	};

	PLAY(&settings, rows);
}

/* Unproductive polls use nothing up, but as many in a row as there are re-entry polls end the pace.
 */
static void a_failing_list_cannot_hold_the_reentry(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, SLOW },
		{ 1000, LISTED("a/d/cli", ""), APPROVING, APPROVE, NEVER, BUMP },
		{ 1000, APPROVED, LISTING, LIST, NEVER, "approved request=a client=cli mode=" },
		{ 1000, LISTED("", "d"), WAITING, REST, 1700, NULL },
		{ 1700, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 1700, LOOKED("empty"), WAITING, REST, 2400, NULL },
		{ 2400, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 2400, LOOKED("empty"), WAITING, REST, 32400, NULL },
		{ 32400, TIMER, LISTING, LIST, NEVER, NULL },
		{ 32400, LISTED("", "d"), WAITING, REST, 33100, NULL },
		{ 33100, TIMER, LISTING, LIST, NEVER, NULL },
		{ 33100, LISTED("", "d"), WAITING, REST, 63100, NULL },
	};

	PLAY(&settings, rows);
}

static void the_reentry_is_never_slower_than_the_mode(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, SLOW },
		{ 1000, LISTED("a/d/cli", ""), APPROVING, APPROVE, NEVER, BUMP },
		{ 1000, APPROVED, LISTING, LIST, NEVER, "approved request=a client=cli mode=" },
		{ 1000, LISTED("", "d"), WAITING, REST, 1300, NULL },
	};

	settings.slow_interval_ms = 300;
	PLAY(&settings, rows);
}

static void a_timed_out_approval_that_worked_counts(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 11000, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=r" },
		{ 12000, LISTED("", "d"), WAITING, REST, 17000,
		    "approved request=r client=cli mode=" },
		{ 17000, TIMER, LISTING, LIST, NEVER, NULL },
	};
	/* Replaced by a new id of the same device, which was paired before: no approval yet. */
	static const struct row replaced[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", "d"), APPROVING, APPROVE, NEVER, NULL },
		{ 11000, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=r" },
		{ 12000, LISTED("s/d/cli", "d"), APPROVING, APPROVE, NEVER, NULL },
		{ 13000, APPROVED, LISTING, LIST, NEVER, "approved request=s client=cli mode=" },
		{ 14000, LISTED("", "d"), WAITING, REST, 19000, NULL },
	};
	/* Gone, but not paired: it has expired. */
	static const struct row expired[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 11000, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=r" },
		{ 12000, LISTED("", ""), WAITING, REST, 13000, NULL },
	};
	/* Still there in the list that follows: had no effect, whatever becomes of it later. */
	static const struct row late[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", "d"), APPROVING, APPROVE, NEVER, NULL },
		{ 11000, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=r" },
		{ 12000, LISTED("r/d/cli", "d"), WAITING, REST, 13000, NULL },
		{ 13000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 13000, LISTED("", "d"), WAITING, REST, 18000, NULL },
	};
	/* While in doubt, only a list tells: the store knows nothing of who is paired. */
	static const struct row doubt[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 11000, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=r" },
		{ 21000, FAILED(LIST_TIMEOUT), WAITING, REST, 22000,
		    "timeout calling devices list|list failed reason=timeout" },
		{ 22000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 22000, LISTED("", "d"), WAITING, REST, 27000,
		    "approved request=r client=cli mode=" },
	};

	PLAY(&settings, rows);
	assert_int_equal(pairing.approved, 1);
	assert_int_equal(pairing.timeouts, 1);
	PLAY(&settings, replaced);
	assert_int_equal(pairing.approved, 1);
	PLAY(&settings, expired);
	assert_int_equal(pairing.approved, 0);
	PLAY(&settings, late);
	assert_int_equal(pairing.approved, 0);
	PLAY(&settings, doubt);
	assert_int_equal(pairing.approved, 1);
	assert_int_equal(pairing.timeouts, 2);
}

/* At the next poll, then 1, 2, 4 s … the slow interval after the last try. */
static void retries_at_doubling_distance(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 1000, DEFERRED, LISTING, LIST, NEVER, "approve deferred request=r: why" },
		{ 1000, LISTED("r/d/cli", ""), WAITING, REST, 2000, NULL },
		{ 2000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 2000, DEFERRED, LISTING, LIST, NEVER, "approve deferred request=r: why" },
		{ 2000, LISTED("r/d/cli", ""), WAITING, REST, 3000, NULL },
		{ 3000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 3000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 3000, DEFERRED, LISTING, LIST, NEVER, "approve deferred request=r: why" },
		{ 3500, LISTED("r/d/cli", ""), WAITING, REST, 4500, NULL },
		{ 4500, TIMER, LISTING, LIST, NEVER, NULL },
		{ 4500, LISTED("r/d/cli", ""), WAITING, REST, 5000, NULL },
		{ 5000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 5000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 5000, TIMED_OUT, LISTING, LIST, NEVER,
		    "timeout calling devices approve request=r" },
		{ 5000, LISTED("r/d/cli", ""), WAITING, REST, 6000, NULL },
		{ 6000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 8999, LISTED("r/d/cli", ""), WAITING, REST, 9000, NULL },
	};

	/* No longer than the slow interval. */
	static const struct row cut[] = {
		{ 3500, LISTED("r/d/cli", ""), WAITING, REST, 4500, NULL },
		{ 4500, TIMER, LISTING, LIST, NEVER, NULL },
		{ 4500, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
	};

	PLAY(&settings, rows);
	settings.slow_interval_ms = 1500;
	pairing_init(&pairing, &settings, 0);
	play(rows, 11);
	play(cut, ARRAY_LEN(cut));
}

static void a_device_is_refused_five_times(void **state)
{
	struct pairing_settings settings = default_settings();
	char pending[32];

	pairing_init(&pairing, &settings, 0);
	for (unsigned i = 0; i < 5; i++) {
		const struct row rows[] = {
			{ 1000 + i * 1000, TIMER, LISTING, LIST, NEVER, NULL },
			{ 1000 + i * 1000, LISTED(pending, ""), APPROVING, APPROVE, NEVER, NULL },
		};
		char log[64];
		const struct row refused[] = {
			{ 1000 + i * 1000, REFUSED, LISTING, LIST, NEVER, log },
			{ 1000 + i * 1000, LISTED(pending, ""), WAITING, REST, 2000 + i * 1000,
			    NULL },
		};

		snprintf(pending, sizeof(pending), "r%u/d/cli", i);
		snprintf(log, sizeof(log), "approve failed request=r%u: why", i);
		play(rows, ARRAY_LEN(rows));
		play(refused, ARRAY_LEN(refused));
	}
	static const struct row sixth[] = {
		{ 6000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 6000, LISTED("r6/d/cli", ""), WAITING, REST, 7000,
		    "rejected request=r6 client=cli mode= reason=too-many-attempts" },
		{ 7000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 7000, LISTED("o/other/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 7000, APPROVED, LISTING, LIST, NEVER, "approved request=o client=cli mode=" },
		{ 7000, LISTED("", "other"), WAITING, REST, 12000, NULL },
		/* The first of the five was at 1000. */
		{ 601000, TIMER, LISTING, LIST, NEVER,
		    "fast deadline reached; entering slow-mode approvals=1" },
		{ 601000, LISTED("r7/d/cli", ""), APPROVING, APPROVE, NEVER,
		    "fast-reentry bumped polls=5" },
	};

	play(sixth, ARRAY_LEN(sixth));
	assert_int_equal(pairing.failed, 5);
	assert_int_equal(pairing.rejected, 1);
}

/* An id is forgotten when it is no longer listed, and nothing is said twice while it is. */
static void the_handled_set_holds_what_is_pending(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/x r/d/x ?/e/cli", ""), WAITING, REST, 2000,
		    "rejected request=r client=x mode= reason=unknown-client" },
		{ 2000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("r/d/x", ""), WAITING, REST, 3000, NULL },
		{ 3000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 3000, LISTED("", ""), WAITING, REST, 4000, NULL },
		{ 4000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 4000, LISTED("r/d/x", ""), WAITING, REST, 5000,
		    "rejected request=r client=x mode= reason=unknown-client" },
		/* Approved, and listed once more: no second call. */
		{ 5000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 5000, LISTED("s/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 5000, APPROVED, LISTING, LIST, NEVER, "approved request=s client=cli mode=" },
		{ 5000, LISTED("s/d/cli", ""), WAITING, REST, 6000, NULL },
		{ 6000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 6000, LISTED("s/d/cli", ""), WAITING, REST, 7000, NULL },
	};

	pairing_init(&pairing, &settings, 0);
	play(rows, 1);
	{
		struct devices devices = devices_fake("r/d/x r/d/x ?/e/cli ?/f/cli", "");
		struct store_look look = look_at("");
		struct pairing_event event = {
			.kind = PAIRING_EV_LISTED, .devices = &devices, .look = &look
		};
		char buffer[1024];
		struct text log;

		devices.pending[2].malformed = devices.pending[3].malformed = true;
		text_init(&log, buffer, sizeof(buffer));
		pairing_handle(&pairing, &event, 1000, &log);
		assert_string_equal(buffer,
		    "[auto-pair] rejected request=r client=x mode= reason=unknown-client\n"
		    "[auto-pair] rejected request=? client=cli mode= reason=malformed\n");
		devices_deinit(&devices);
	}
	play(rows + 2, ARRAY_LEN(rows) - 2);
	assert_int_equal(pairing.table.count, 1);
}

static void calls_fit_into_what_is_left(void **state)
{
	struct pairing_settings settings = default_settings();

	settings.deadline_ms = 20000;
	pairing_init(&pairing, &settings, 0);
	assert_int_equal(pairing_call_timeout_ms(&pairing, 0), 10000);
	assert_int_equal(pairing_call_timeout_ms(&pairing, 10000), 10000);
	assert_int_equal(pairing_call_timeout_ms(&pairing, 10001), 9999);
	settings.deadline_ms = 500;
	pairing_init(&pairing, &settings, 0);
	assert_int_equal(pairing_deadline_ms(&pairing), 500);
}

static void the_deadline_ends_every_pass(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row before_approve[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 20000, LISTED("r/d/cli", ""), DONE, FINISH, NEVER,
		    "watcher deadline reached approvals=0" },
	};
	static const struct row before_list[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 20000, TIMED_OUT, DONE, FINISH, NEVER,
		    "timeout calling devices approve request=r|"
		    "watcher deadline reached approvals=0" },
	};
	static const struct row sleep_is_cut[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 17000, LISTED("", "d"), WAITING, REST, 20000, NULL },
		{ 20000, TIMER, DONE, FINISH, NEVER, "watcher deadline reached approvals=0" },
	};

	settings.deadline_ms = 20000;
	PLAY(&settings, before_approve);
	PLAY(&settings, before_list);
	PLAY(&settings, sleep_is_cut);
}

static void the_run_timeout_grows_unless_the_user_set_it(void **state)
{
	static const uint64_t limits[] = { 10000, 10000, 20000, 20000, 20000, 30000, 30000 };
	struct pairing_settings settings = default_settings();

	for (int user = 0; user < 2; user++) {
		struct pairing_event timer = { .kind = PAIRING_EV_TIMER };
		struct store_look look = look_at("");
		struct pairing_event looked = { .kind = PAIRING_EV_LOOKED, .look = &look };
		struct pairing_event timeout = { .kind = PAIRING_EV_LIST_FAILED,
			.failure = LIST_TIMEOUT };
		struct pairing_event other = { .kind = PAIRING_EV_LIST_FAILED,
			.failure = LIST_EMPTY_OUTPUT };
		struct text log;

		settings.run_timeout_is_set = user;
		pairing_init(&pairing, &settings, 0);
		text_init_heap(&log, 4096);
		for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
			pairing_handle(&pairing, &timer, 1000 + i * 1000, &log);
			pairing_handle(&pairing, &looked, 1000 + i * 1000, &log);
			pairing_handle(&pairing, &timeout, 1000 + i * 1000, &log);
			assert_int_equal(
			    pairing_call_timeout_ms(&pairing, 1000), user ? 10000 : limits[i]);
		}
		pairing_handle(&pairing, &timer, 20000, &log);
		pairing_handle(&pairing, &looked, 20000, &log);
		pairing_handle(&pairing, &other, 20000, &log);
		assert_int_equal(pairing_call_timeout_ms(&pairing, 1000), 10000);
		text_deinit(&log);
	}
}

static void a_nudge_is_fast_again(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, SLOW },
		{ 1000, LISTED("", ""), WAITING, REST, 31000, NULL },
		{ 1100, NUDGED, WAITING, REPORT, 1100, NULL },
		{ 1100, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1100, LISTED("", ""), WAITING, REST, 2100, NULL },
		{ 2100, TIMER, LISTING, LIST, NEVER, SLOW }, /* 500 ms after the nudge */
		{ 2150, NUDGED, LISTING, REPORT, NEVER, NULL },
		{ 2200, LISTED("", ""), WAITING, REST, 2200, NULL },
	};

	PLAY(&settings, rows);
}

/* A newer store that has not changed since before the last good list answers for it. */
static void an_unchanged_store_is_not_listed(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LOOKING, LOOK, NEVER, SLOW },
		{ 1000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("x/d/x", "e"), WAITING, REST, 32000,
		    "rejected request=x client=x mode= reason=unknown-client" },
		{ 32000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 32000, LOOKED("a"), WAITING, REST, 62000, NULL },
		{ 62000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 62000, LOOKED("b"), LISTING, LIST, NEVER, NULL },
		{ 63000, FAILED(LIST_EMPTY_OUTPUT), WAITING, REST, 93000,
		    "list failed reason=empty-output" },
		{ 93000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 93000, LOOKED("b"), LISTING, LIST, NEVER, NULL }, /* no good list of b so far */
		{ 94000, LISTED("x/d/x", "e"), WAITING, REST, 124000, NULL },
		{ 124000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 124000, LOOKED("b-"), LISTING, LIST, NEVER, NULL }, /* nobody tells of changes */
		{ 124000, LISTED("x/d/x", "e"), WAITING, REST, 154000, NULL },
		{ 154000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 154000, LOOKED("b!"), LISTING, LIST, NEVER, NULL }, /* just written */
		{ 154000, LISTED("x/d/x", "e"), WAITING, REST, 184000, NULL },
		{ 184000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 184000, LOOKED("b"), LISTING, LIST, NEVER, NULL }, /* the last one told nothing */
		{ 184000, LISTED("x/d/x", "e"), WAITING, REST, 214000, NULL },
		{ 214000, NUDGED, WAITING, REPORT, 214000, NULL },
		{ 214000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 214000, LOOKED("b"), LISTING, LIST, NEVER, NULL }, /* somebody asks */
		{ 214000, LISTED("x/d/x", "e"), WAITING, REST, 215000, NULL },
	};
	/* 120 s after the look before the last good list. */
	static const struct row safety[] = {
		{ 1000, TIMER, LOOKING, LOOK, NEVER, SLOW },
		{ 1000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("", ""), WAITING, REST, 32000, NULL },
		{ 120999, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 120999, LOOKED("a"), WAITING, REST, 150999, NULL },
		{ 150999, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 150999, LOOKED("a"), LISTING, LIST, NEVER, NULL },
	};

	PLAY(&settings, rows);
	assert_int_equal(pairing.skipped_polls, 1);
	assert_int_equal(pairing.table.count, 1);
	PLAY(&settings, safety);
	settings.max_skip_ms = 0;
	pairing_init(&pairing, &settings, 0);
	play(safety, 3);
	{
		static const struct row never[] = {
			{ 32000, TIMER, LOOKING, LOOK, NEVER, NULL },
			{ 32000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
			{ 32000, LISTED("", ""), WAITING, REST, 62000, NULL },
			{ 62000, TIMER, LOOKING, LOOK, NEVER, NULL },
			{ 62000, LOOKED("empty"), LISTING, LIST, NEVER, NULL },
		};

		play(never, ARRAY_LEN(never));
	}
}

/* What is still to be done is not put off by a store that stands still. */
static void an_open_request_is_listed_for(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 1000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
		{ 1000, DEFERRED, LOOKING, LOOK | REPORT, NEVER,
		    "approve deferred request=r: why" },
		{ 1000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("r/d/cli", ""), WAITING, REST, 2000, NULL },
		{ 2000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 2000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 2000, LISTED("r/d/cli", ""), APPROVING, APPROVE, NEVER, NULL },
	};

	PLAY(&settings, rows);
}

static void a_change_brings_the_poll_forward(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LOOKING, LOOK, NEVER, SLOW },
		{ 1000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("", "e"), WAITING, REST, 31000, NULL },
		{ 5000, CHANGED, WAITING, 0, 5200, NULL },
		{ 5200, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 5200, LOOKED("b"), LISTING, LIST, NEVER, NULL },
		{ 5250, CHANGED, LISTING, 0, NEVER, NULL },           /* too late for this list */
		{ 5300, LISTED("", "e"), WAITING, REST, 6300, NULL }, /* that was noise */
		{ 6300, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 6300, LOOKED("c"), LISTING, LIST, NEVER, NULL },
		{ 6400, LISTED("", "e"), WAITING, REST, 36400, NULL },
		{ 7000, CHANGED, WAITING, 0, 8400, NULL },
		{ 8400, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 8400, LOOKED("c"), WAITING, REST, 38400, NULL }, /* no call, no noise */
		{ 8500, CHANGED, WAITING, 0, 8700, NULL },
		{ 8700, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 8700, LOOKED("d"), LISTING, LIST, NEVER, NULL },
		{ 8800, LISTED("x/d/x", "e"), WAITING, REST, 38800,
		    "rejected request=x client=x mode= reason=unknown-client" },
		{ 8900, CHANGED, WAITING, 0, 9100, NULL }, /* that was none */
	};

	PLAY(&settings, rows);
}

/* A request that a list shows, and no change of the store did, ends the skipping. */
static void a_blind_store_is_not_believed(void **state)
{
	struct pairing_settings settings = slow_settings();
	static const struct row known[] = {
		{ 1000, TIMER, LOOKING, LOOK, NEVER, SLOW },
		{ 1000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("", "e"), WAITING, REST, 31000, NULL },
		{ 151000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 151000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
	};
	static const struct row blind[] = {
		{ 152000, LISTED("x/d/x", "e"), WAITING, REST, 182000,
		    "rejected request=x client=x mode= reason=unknown-client|"
		    "warning: " PAIRING_BLIND_HINT },
		{ 182000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 182000, LOOKED("a"), LISTING, LIST, NEVER, NULL },
		{ 182000, LISTED("x/d/x y/f/x", "e"), WAITING, REST, 212000,
		    "rejected request=y client=x mode= reason=unknown-client" },
	};
	/* It came while the list was under way: that is a change like others. */
	static const struct row late[] = {
		{ 152000, LISTED("x/d/x", "e"), WAITING, REST, 182000,
		    "rejected request=x client=x mode= reason=unknown-client" },
		{ 182000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 182000, LOOKED("b"), LISTING, LIST, NEVER, NULL },
		{ 182000, LISTED("x/d/x", "e"), WAITING, REST, 212000, NULL },
		{ 212000, TIMER, LOOKING, LOOK, NEVER, NULL },
		{ 212000, LOOKED("b"), WAITING, REST, 242000, NULL },
	};

	PLAY(&settings, known);
	seen_after = "a";
	play(blind, ARRAY_LEN(blind));
	assert_true(pairing.skip.is_off);
	PLAY(&settings, known);
	seen_after = "b";
	play(late, ARRAY_LEN(late));
	assert_false(pairing.skip.is_off);
}

static void the_report_tells_it_all(void **state)
{
	struct pairing_settings settings = default_settings();
	static const struct row rows[] = {
		{ 1000, TIMER, LISTING, LIST, NEVER, NULL },
		{ 1000, LISTED("a/d/cli b/e/x c/f/cli", ""), APPROVING, APPROVE, NEVER,
		    "rejected request=b client=x mode= reason=unknown-client" },
		{ 1000, REFUSED, LISTING, LIST, NEVER, "approve failed request=a: why" },
		{ 1000, LISTED("a/d/cli b/e/x c/f/cli", ""), APPROVING, APPROVE, NEVER, NULL },
	};
	struct auto_pair_request requests[AUTO_PAIR_PENDING_MAX];
	struct auto_pair report;

	PLAY(&settings, rows);
	pairing_report(&pairing, 1500, requests, &report);
	assert_int_equal(report.mode, AUTO_PAIR_FAST);
	assert_int_equal(report.rejected, 1);
	assert_int_equal(report.failed, 1);
	assert_int_equal(report.polls, 2);
	assert_int_equal(report.next_poll_in_ms, 0);
	assert_int_equal(report.deadline_in_ms, 28800000 - 1500);
	assert_string_equal(report.last_error, "devices approve a: failed: why");
	assert_int_equal(report.pending_count, 3);
	assert_int_equal(requests[0].verdict, AUTO_PAIR_FAILED);
	assert_string_equal(requests[0].reason, "why");
	assert_int_equal(requests[1].verdict, AUTO_PAIR_REFUSED);
	assert_string_equal(requests[1].reason, "unknown-client");
	assert_int_equal(requests[2].verdict, AUTO_PAIR_APPROVING);
	assert_string_equal(requests[2].scopes, "operator.read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell),
		cmocka_unit_test(nothing_paired_stays_fast_until_the_fast_deadline),
		cmocka_unit_test(the_fast_deadline_comes_first),
		cmocka_unit_test(four_quiet_polls_converge),
		cmocka_unit_test(a_new_request_makes_slow_mode_faster),
		cmocka_unit_test(a_failing_list_cannot_hold_the_reentry),
		cmocka_unit_test(the_reentry_is_never_slower_than_the_mode),
		cmocka_unit_test(a_timed_out_approval_that_worked_counts),
		cmocka_unit_test(retries_at_doubling_distance),
		cmocka_unit_test(a_device_is_refused_five_times),
		cmocka_unit_test(the_handled_set_holds_what_is_pending),
		cmocka_unit_test(calls_fit_into_what_is_left),
		cmocka_unit_test(the_deadline_ends_every_pass),
		cmocka_unit_test(the_run_timeout_grows_unless_the_user_set_it),
		cmocka_unit_test(a_nudge_is_fast_again),
		cmocka_unit_test(an_unchanged_store_is_not_listed),
		cmocka_unit_test(an_open_request_is_listed_for),
		cmocka_unit_test(a_change_brings_the_poll_forward),
		cmocka_unit_test(a_blind_store_is_not_believed),
		cmocka_unit_test(the_report_tells_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
