/*
 * The two calls to the OpenClaw CLI (spec 40 part 3): how they are made, and what their ends mean
 * to the pairing machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/pairing.h"
#include "util/error.h"
#include "util/process.h"

struct calls;
struct loop;

/*
 * environment: ours; the calls get it without what would mislead the CLI. handle gets the outcome
 * of each call, valid during the call only. Returns 0 or -ENOMEM.
 */
int calls_new(struct loop *loop, char *const *environment,
    void (*handle)(void *data, const struct pairing_event *event), void *data,
    struct calls **ret_calls);

/* Frees *calls and makes it NULL; harmless on NULL. A running call is killed. */
void calls_free(struct calls **calls);

/*
 * One call at a time. Return 0, or -errno: not started, and nothing will be told; -ENOENT: there
 * is no openclaw (looked for again by the next call).
 */
int calls_list(struct calls *calls, uint64_t timeout_ms, uint64_t now_ms, struct error *error);
int calls_approve(struct calls *calls, const char *request_id, uint64_t timeout_ms, uint64_t now_ms,
    struct error *error);

/* Ends the running call, if any; its outcome is told soon. */
void calls_stop(struct calls *calls, uint64_t now_ms);
bool calls_is_running(const struct calls *calls);

/* As job.h. */
void calls_handle_exit(
    struct calls *calls, pid_t pid, const struct exit_info *exit, uint64_t now_ms);
uint64_t calls_deadline_ms(const struct calls *calls);
void calls_handle_deadline(struct calls *calls, uint64_t now_ms);
