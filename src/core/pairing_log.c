#include "core/pairing_log.h"

#include <stdarg.h>
#include <stdio.h>

void pairing_log(struct text *log, const char *format, ...)
{
	char line[1000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	text_addf(log, "[auto-pair] %s\n", line);
}
