"""Is the data labelled consistently? Sound is measured once for each row; every check after that is a pure function.

entries      a row, what was measured of its sound, what a model heard in it
findings     the one record that every check gives
ways, writing, proposal                    how labels are written, by whom, and the convention that would unite them
same_audio, agreement                      several labels of one recording
speaking_rate, likely_wrong, emptiness     labels against the sound
silence, edges, loudness, fields           the recordings themselves
audit        all checks on one corpus; results and report write it down
planted, sound_edit, judge                 how good the checks are: precision and recall on planted faults
"""
