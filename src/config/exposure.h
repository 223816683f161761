#ifndef SYNC_CONFIG_EXPOSURE_H
#define SYNC_CONFIG_EXPOSURE_H

#include "config/givens.h"

/* One warning for each file that a secret was read from and that everybody on the machine may read. After the
   files of secrets were read. */
void complain_of_exposure(const struct givens *givens, const struct complaints *complaints);

#endif
