-- The number that the scripts know the reason `cancelled` by.
return CANCELLED
