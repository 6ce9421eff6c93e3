/* crmmon: the two facts that are read from crm_mon's XML.
 *
 * WHAT
 *   Of `crm_mon --output-as=xml --resource=R --node=N
 *   --include=none,resources,failcounts` (Pacemaker 2.1.5):
 *
 *     <resource id="R" … managed="true" …/>         or managed="false"
 *     <resource_history id="R" … fail-count="2"/>   absent while there is none
 *
 *   managed is false in the cluster's, the node's and the resource's
 *   maintenance mode and with is-managed=false. The request is already narrowed
 *   to one resource and node, so that plain search for attributes will do.
 */
#ifndef HOTWARM_SUPERVISE_CRMMON_H
#define HOTWARM_SUPERVISE_CRMMON_H

#include <stdbool.h>

#define CRMMON_COUNT_SIZE 16

struct crmmon {
    bool managed;
    char count[CRMMON_COUNT_SIZE]; /* "0" while there is none */
};

/* 0; or RESULT_NOT_FOUND when it lists no resource. */
int crmmon_read(const char *xml, struct crmmon *seen);

/* True for Pacemaker's infinity, which does not grow any more. */
bool crmmon_count_is_full(const char *count);

#endif
