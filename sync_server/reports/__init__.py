"""Make reports on meetings: compute the figures, draft the sentences and write the files.

snapshot    reads a meeting's records up to fixed positions, so that the same figures can be
            computed again later
figures     counts people, halls and incidents, without the database
narrative   drafts Vietnamese sentences from the figures
document    combines the figures and sentences into one document, for any file format
layouts     contains the sizes and fixed texts of the official papers of the Party and the state
*_file      write a document as DOCX, XLSX, PDF or CSV
verify      computes the figures in a report's file again and lists the differences
"""
