/*
 * The checks of an image behind its header; internal to image.c.
 */
#ifndef SM_IMAGE_SECTIONS_H
#define SM_IMAGE_SECTIONS_H

#include "image.h"

/* Directories, tensors, tables, regions, tokenizer and the SRAM plan of an image whose configuration is good; fills
 * the offsets of `image`. Returns 0 or SM_ERR_BAD_DIRECTORY .. SM_ERR_OVERLAP. */
int sm_check_sections(struct sm_image *image);

/* The tokenizer section. Returns 0 or SM_ERR_BAD_TOKENIZER. */
int sm_check_tokenizer(const struct sm_image *image);

#endif
