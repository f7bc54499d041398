"""Whether all is well: alarms, the doctor's examination, numbers for machines, signs of life."""
