"""Make reports on meetings: compute the figures, draft the sentences and write the files.

snapshot    reads the records of a meeting and notes which one was the last in every hall, so that
            the same figures can be computed again later
figures     counts people, halls and incidents, without the database
narrative   drafts Vietnamese sentences from the figures
tables      builds the tables of figures and the lists of people
letters     writes the texts of minutes, summonses and certificates of attendance
document    combines sentences, figures and tables into one document, for any file format
period      does the same for a report on several conferences
layouts     contains the sizes and fixed texts of the official papers of the Party and the state
*_file      write a document as DOCX, XLSX, PDF, HTML or CSV
making      makes reports and stores their revisions
verify      computes the figures in a report's file again and lists the differences
"""
