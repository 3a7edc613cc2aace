"""Reports on meetings: compute the figures, draft sentences and write files to be signed.

snapshot    reads a meeting's records up to fixed positions, so that its figures can be repeated
figures     counts people, halls and incidents, without the database
narrative   drafts Vietnamese sentences from the figures
document    combines figures and sentences to one document, for any file format
layouts     contains the sizes and fixed texts of the Party's and the state's papers
*_file      write a document as DOCX, XLSX, PDF or CSV
verify      computes the figures of a report's file again and lists the differences
"""
