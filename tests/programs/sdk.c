/* The object library that carries the SDK needs a source of its own. */
typedef int sdk_is_linked_from_its_objects;
