#include "lib/ocf.h"

#include <string.h>

/* Complete, so that `xmllint --valid` needs no file and no network. Wider than
 * ra-api-1.dtd where OCF 1.1 is: unique-group, reloadable, select, any action. */
static const char dtd[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE resource-agent [\n"
    "<!ELEMENT resource-agent "
    "(version,longdesc,shortdesc,parameters,actions)>\n"
    "<!ATTLIST resource-agent name CDATA #REQUIRED version CDATA #IMPLIED>\n"
    "<!ELEMENT version (#PCDATA)>\n"
    "<!ELEMENT longdesc (#PCDATA)>\n"
    "<!ATTLIST longdesc lang NMTOKEN #REQUIRED>\n"
    "<!ELEMENT shortdesc (#PCDATA)>\n"
    "<!ATTLIST shortdesc lang NMTOKEN #REQUIRED>\n"
    "<!ELEMENT parameters (parameter+)>\n"
    "<!ELEMENT parameter (longdesc,shortdesc,content)>\n"
    "<!ATTLIST parameter name CDATA #REQUIRED unique-group CDATA #IMPLIED\n"
    "  unique (0|1) #IMPLIED required (0|1) #IMPLIED"
    " reloadable (0|1) #IMPLIED>\n"
    "<!ELEMENT content (option*)>\n"
    "<!ATTLIST content type (boolean|integer|select|string) #REQUIRED\n"
    "  default CDATA #IMPLIED>\n"
    "<!ELEMENT option EMPTY>\n"
    "<!ATTLIST option value CDATA #REQUIRED>\n"
    "<!ELEMENT actions (action+)>\n"
    "<!ELEMENT action EMPTY>\n"
    "<!ATTLIST action name CDATA #REQUIRED timeout CDATA #REQUIRED\n"
    "  interval CDATA #IMPLIED role CDATA #IMPLIED depth CDATA #IMPLIED>\n"
    "]>\n";

/* Text between tags or quotes. */
static void put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else
            fputc(*text, out);
    }
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    put_text(out, value);
    fputc('"', out);
}

static void put_seconds(FILE *out, const char *name, unsigned seconds)
{
    fprintf(out, " %s=\"%us\"", name, seconds);
}

static void put_descriptions(FILE *out, const char *longdesc,
                             const char *shortdesc)
{
    fputs("<longdesc lang=\"en\">", out);
    put_text(out, longdesc);
    fputs("</longdesc>\n<shortdesc lang=\"en\">", out);
    put_text(out, shortdesc);
    fputs("</shortdesc>\n", out);
}

/* OCF 1.1 knows no times and sizes. */
static const char *content_type(enum ocf_type type)
{
    switch (type) {
    case OCF_TYPE_BOOLEAN:
        return "boolean";
    case OCF_TYPE_INTEGER:
        return "integer";
    case OCF_TYPE_SELECT:
        return "select";
    case OCF_TYPE_STRING:
    case OCF_TYPE_TIME:
    case OCF_TYPE_SIZE:
        break;
    }
    return "string";
}

static void put_content(FILE *out, const struct ocf_param *param)
{
    fputs("<content", out);
    put_attribute(out, "type", content_type(param->type));
    if (param->fallback != NULL)
        put_attribute(out, "default", param->fallback);
    if (param->type != OCF_TYPE_SELECT) {
        fputs("/>\n", out);
        return;
    }
    fputs(">\n", out);
    for (size_t i = 0; param->choices[i] != NULL; i++) {
        fputs("<option", out);
        put_attribute(out, "value", param->choices[i]);
        fputs("/>\n", out);
    }
    fputs("</content>\n", out);
}

static void put_param(FILE *out, const struct ocf_param *param)
{
    fputs("<parameter", out);
    put_attribute(out, "name", param->name);
    /* `unique` is what tools older than OCF 1.1 read. */
    if ((param->flags & OCF_UNIQUE) != 0) {
        put_attribute(out, "unique-group", param->name);
        put_attribute(out, "unique", "1");
    }
    put_attribute(out, "required",
                  (param->flags & OCF_REQUIRED) != 0 ? "1" : "0");
    put_attribute(out, "reloadable",
                  (param->flags & OCF_RELOADABLE) != 0 ? "1" : "0");
    fputs(">\n", out);
    put_descriptions(out, param->longdesc, param->shortdesc);
    put_content(out, param);
    fputs("</parameter>\n", out);
}

static void put_action(FILE *out, const struct ocf_action *action)
{
    fputs("<action", out);
    put_attribute(out, "name", action->name);
    put_seconds(out, "timeout", action->timeout_s);
    if (action->interval_s != 0)
        put_seconds(out, "interval", action->interval_s);
    if (action->role != NULL)
        put_attribute(out, "role", action->role);
    if (action->depth != NULL)
        put_attribute(out, "depth", action->depth);
    fputs("/>\n", out);
}

void ocf_metadata(const struct ocf_agent *agent, FILE *out)
{
    static const struct ocf_action meta_data = {.name = "meta-data",
                                                .timeout_s = 5};

    fputs(dtd, out);
    fputs("<resource-agent", out);
    put_attribute(out, "name", agent->name);
    put_attribute(out, "version", agent->version);
    /* At least 1.1, or Pacemaker does not use reload-agent. */
    fputs(">\n<version>1.1</version>\n", out);
    put_descriptions(out, agent->longdesc, agent->shortdesc);
    fputs("<parameters>\n", out);
    for (size_t i = 0; i < agent->param_count; i++)
        put_param(out, &agent->params[i]);
    fputs("</parameters>\n<actions>\n", out);
    for (size_t i = 0; i < agent->action_count; i++)
        put_action(out, &agent->actions[i]);
    put_action(out, &meta_data);
    fputs("</actions>\n</resource-agent>\n", out);
}
