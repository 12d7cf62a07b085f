/* Whose output is captured: a service or a task. What becomes of a line: app/supervisor_log.c. */
#pragma once

#include "core/line_fold.h"
#include "core/lines.h"
#include "core/redact.h"

struct log_file;

/* A zeroed struct has said nothing. */
struct speaker {
	struct line_ring ring;
	struct log_file *log_file; /* of a service, once it has said something; NULL: none */
	struct redact redact;      /* of the environment it was last started with, and of ours */
	struct line_fold fold;     /* of both streams together */
};
