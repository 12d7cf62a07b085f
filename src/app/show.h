/*
 * nemoctl's output: replies for people on stdout, complaints on stderr. Each function takes a reply
 * line and returns the exit code it means; with --json (show_json prints the line then) only
 * complaints are printed.
 */
#pragma once

#include <stddef.h>

#include "app/command.h"
#include "core/exit_status.h"
#include "core/snapshot_json.h"
#include "core/status_text.h"

/* The status of all, or of the service in the arguments. */
enum exit_status show_status(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* A line for each service that is not ready, of all or of those in the arguments. */
enum exit_status show_ready(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* Nothing; any well-formed answer is a sign of life, a refusal too. */
enum exit_status show_live(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* Nothing, for ops that are done when they are answered. */
enum exit_status show_done(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* What became of each service. */
enum exit_status show_outcomes(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* Events or captured lines, one a line. */
enum exit_status show_feed(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* The text. */
enum exit_status show_metrics(
    const struct invocation *invocation, const char *line, size_t length_bytes);

/* The line as it came; returns status, or EXIT_STATUS_FAILED if it cannot be written. */
enum exit_status show_json(const char *line, size_t length_bytes, enum exit_status status);

/*
 * Reads a status reply. 0: the caller ends with snapshot_json_deinit; 1: there is none, which has
 * been told, and *ret_status is the end.
 */
int show_read_status(const char *line, size_t length_bytes, struct snapshot_json *ret_snapshot,
    enum exit_status *ret_status);

/* The terminal, or what stands in for one. */
struct status_style show_style(void);

enum exit_status show_unknown_service(const char *name);

/* `nemoctl: …` on stderr, made printable. */
void show_complaint(const char *format, ...) __attribute__((format(printf, 1, 2)));
