#include "command/findings.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/visible.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[] = {
    [FINDING_OK] = "ok", [FINDING_WARNING] = "warning", [FINDING_ERROR] = "error"};

PRINTF_LIKE(1, 0) static char *print(const char *format, va_list arguments)
{
    CLEANUP(freep) char *text = NULL;

    memory_must(vasprintf(&text, format, arguments) >= 0);
    return visible_copy(text);
}

void findings_add(struct findings *report, enum finding_status status, const char *name, const char *format,
                  ...)
{
    struct finding *finding;
    va_list arguments;

    report->all = memory_resize(report->all, report->count + 1, sizeof(*report->all));
    finding = &report->all[report->count++];
    *finding = (struct finding){.status = status, .area = report->area, .name = visible_copy(name)};
    va_start(arguments, format);
    finding->detail = print(format, arguments);
    va_end(arguments);
    report->of[status]++;
}

void findings_advise(struct findings *report, const char *format, ...)
{
    struct finding *finding = &report->all[report->count - 1];
    va_list arguments;

    free(finding->advice);
    va_start(arguments, format);
    finding->advice = print(format, arguments);
    va_end(arguments);
}

void findings_cut(struct findings *report, size_t count)
{
    while (report->count > count) {
        struct finding *last = &report->all[--report->count];

        report->of[last->status]--;
        free(last->name);
        free(last->detail);
        free(last->advice);
    }
}

const struct finding *findings_first_error(const struct findings *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->all[i].status == FINDING_ERROR)
            return &report->all[i];
    return NULL;
}

static bool print_json(const struct findings *report, FILE *stream)
{
    json_auto_t *list = json_array();

    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->all[i];

        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "status",
                                                    status_names[finding->status], "area", finding->area,
                                                    "name", finding->name, "detail", finding->detail,
                                                    "advice", finding->advice));
    }
    return json_dumpf(list, stream, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static bool print_lines(const struct findings *report, FILE *stream)
{
    size_t errors = report->of[FINDING_ERROR], warnings = report->of[FINDING_WARNING];

    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->all[i];

        (void)fprintf(stream, "%-8s %-13s %s: %s%s%s\n", status_names[finding->status], finding->area,
                      finding->name, finding->detail, finding->advice ? " => " : "",
                      finding->advice ? finding->advice : "");
    }
    return fprintf(stream, "%zu error%s, %zu warning%s\n", errors, plural(errors), warnings,
                   plural(warnings)) > 0;
}

bool findings_print(const struct findings *report, bool as_json, FILE *stream)
{
    bool printed = as_json ? print_json(report, stream) : print_lines(report, stream);

    return fflush(stream) == 0 && printed;
}

void findings_deinit(struct findings *report)
{
    findings_cut(report, 0);
    free(report->all);
    *report = (struct findings){0};
}
