/* nemoctl's way to the server: a request out, the first reply in. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "app/command.h"
#include "io/client.h"

/*
 * Connects, sends the request, and receives one reply line, the caller's to free. 0; or as
 * client_open, client_receive, with *error. The caller ends with client_close in each case.
 */
int ask_open(const struct invocation *invocation, const struct request *request,
    uint64_t deadline_ms, struct client *ret_client, char **ret_reply, size_t *ret_length_bytes,
    struct error *error);

/* The same, and that was all. */
int ask(const struct invocation *invocation, const struct request *request, uint64_t deadline_ms,
    char **ret_reply, size_t *ret_length_bytes, struct error *error);

/* What client.h documents, as exit codes. */
enum exit_status ask_status(int result);
